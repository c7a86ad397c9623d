//! The results of a run, one line per execution.

use levada_base::Error;
use levada_store::Store;
use levada_store::alphabets::AttemptState;
use levada_store::rows::{Execution, Run};
use levada_tasks::Tasks;

/// Prints how each execution ended, and its result; what went wrong on the way goes to the side.
pub async fn results<S: Store>(tasks: &Tasks<S>, run: &Run) -> Result<(), Error> {
    let mut executions = tasks.graph(run.id).await?.executions;
    executions.sort_unstable_by_key(|execution| execution.seq);
    println!("{:<12} {:<10} result", "execution", "outcome");
    for execution in &executions {
        let result = tasks.result(execution.id, None).await?;
        let result = result.map(|result| String::from_utf8_lossy(result.payload.bytes()).into_owned());
        let line = format!("{:<12} {:<10} {}", execution.name, execution.public_state().word(), result.unwrap_or_default());
        println!("{}", line.trim_end());
    }
    println!("{} {}", run.name, run.outcome.map_or("has not ended", |outcome| outcome.word()));
    for execution in &executions {
        attempts(tasks, execution).await?;
    }
    Ok(())
}

/// Attempts that did not bring the end.
async fn attempts<S: Store>(tasks: &Tasks<S>, execution: &Execution) -> Result<(), Error> {
    for attempt in tasks.attempts(execution.id).await? {
        let failed = matches!(attempt.state, AttemptState::Failed | AttemptState::Crashed | AttemptState::Revoked);
        if failed && attempt.attempt_no < execution.attempt_no {
            let why = attempt.failure_message.as_deref().unwrap_or("its worker was not heard of again");
            eprintln!("on the way: attempt {} at {} {}: {why}", attempt.attempt_no, execution.name, attempt.state);
        }
    }
    Ok(())
}
