//! T-025, T-106 on PostgreSQL: an operation that meets a failure which does not go away says so by its code and changes nothing; made
//! again after it, it comes to what it comes to undisturbed.

use anyhow::Result;
use levada_store::{ATTEMPTS_MAX, Store};
use levada_testing_postgres::Plan;

use super::cut::{PATIENCE, Stand, expected};
use super::node::Node;
use super::operation::Operation;
use super::outcome::{Outcome, said};
use super::picture::{difference, picture};
use super::sabotage::Strike;

/// What does not go away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Every transaction that writes fails with this state.
    State(&'static str),
    /// The server takes no connection.
    Refused,
}

/// All of them: contention of three kinds, a statement's timeout; a full disk, a server that only reads, a broken disk; no server.
pub const FAILURES: &[Failure] = &[
    Failure::State("40001"),
    Failure::State("40P01"),
    Failure::State("55P03"),
    Failure::State("57014"),
    Failure::State("53100"),
    Failure::State("25006"),
    Failure::State("58030"),
    Failure::Refused,
];

impl Failure {
    /// What the caller is told (§9).
    fn code(self) -> &'static str {
        match self {
            Self::State("53100" | "25006" | "58030") => "LV-T703",
            Self::State(_) => "LV-T701",
            Self::Refused => "LV-T702",
        }
    }

    /// How often it is met at least before the caller is told.
    fn times(self) -> u64 {
        if self.code() == "LV-T701" { ATTEMPTS_MAX.into() } else { 1 }
    }
}

impl Stand<'_> {
    /// Makes a call that fails, and makes it again.
    ///
    /// # Errors
    /// What went wrong with the test itself; inside, what is wrong with the engine.
    pub async fn refuse(&self, operation: Operation, failure: Failure) -> Result<Result<(), String>> {
        let undisturbed = expected(operation).await?;
        let (node, ready) = self.scene(operation).await?;
        let before = picture(&node.tasks.store().dump().await?);
        let mut caller = node.clone();
        match failure {
            Failure::State(sqlstate) => self.sabotage.arm(Strike::Raise { sqlstate, permille: 1_000 })?,
            Failure::Refused => {
                let (world, clock) = (node.world.clone(), node.clock.clone());
                caller = Node::open_in(&self.hasty, operation.inline_run_max(), world, clock).await?;
                self.proxy.set(Plan::Refuse);
                self.proxy.cut();
            }
        }
        let told = tokio::time::timeout(PATIENCE, operation.call(&caller, &ready)).await;
        let struck = match failure {
            Failure::State(_) => self.sabotage.disarm()?.times,
            Failure::Refused => self.proxy.fired(),
        };
        self.proxy.set(Plan::Pass);
        let told = match told {
            Ok(Ok(answer)) => format!("done: {answer}"),
            Ok(Err(error)) if error.code().name() == failure.code() => String::new(),
            Ok(Err(error)) => said(&error),
            Err(_) => "nothing in time".to_owned(),
        };
        if !told.is_empty() || struck < failure.times() {
            return Ok(Err(format!("struck {struck} times, told {told}, expected {}", failure.code())));
        }
        if let Some(lines) = difference(&before, &picture(&node.tasks.store().dump().await?)) {
            return Ok(Err(format!("it changed something\n{lines}")));
        }
        Ok(match Outcome::of_call(operation, &node, &ready).await {
            Ok(outcome) => outcome.same(&undisturbed),
            Err(wrong) => Err(format!("made again: {wrong}")),
        })
    }
}
