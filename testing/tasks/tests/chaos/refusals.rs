//! Failures that do not go away: the code, nothing changed, and the repetition does it.

use anyhow::{Result, ensure};
use levada_testing_postgres::database;
use levada_testing_tasks::chaos::cut::Stand;
use levada_testing_tasks::chaos::operation::Operation;
use levada_testing_tasks::chaos::refuse::{FAILURES, Failure};

/// One in so many operations waits for a server that refuses: that takes as long as a call tries.
const REFUSED_EVERY: usize = 6;

#[tokio::test]
async fn t_025_t_106_every_operation_is_told_what_failed() -> Result<()> {
    let Some(database) = database() else { return Ok(()) };
    let stand = Stand::start(&database).await?;
    let states: Vec<_> = FAILURES.iter().filter(|failure| **failure != Failure::Refused).collect();
    let mut wrong = Vec::new();
    for (n, operation) in Operation::ALL.iter().enumerate() {
        let state = Some(*states[n % states.len()]);
        for failure in state.into_iter().chain(n.is_multiple_of(REFUSED_EVERY).then_some(Failure::Refused)) {
            let refused = stand.refuse(*operation, failure).await?;
            wrong.extend(refused.err().map(|why| format!("{} {failure:?}: {why}", operation.name())));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    Ok(())
}
