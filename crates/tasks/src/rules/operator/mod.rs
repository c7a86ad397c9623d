//! What operators do to one execution: hold and release it, move it in its queue, run it now, decide its outcome.
//!
//! Not here: cancelling and taking a lease away, which workers and the engine do too; replays. Every verb is an event that names its
//! actor, and none does anything to an execution that has ended (`LV-T104`).

mod hold;
mod override_outcome;
mod priority;
mod release;
mod run_now;

pub use hold::HoldExecution;
pub use override_outcome::OverrideOutcome;
pub use priority::ChangePriority;
pub use release::ReleaseExecution;
pub use run_now::RunNow;

use levada_base::Error;
use levada_store::ExecutionId;
use levada_store::alphabets::{EventKind, Phase};
use serde_json::json;

use super::{Draft, errors};

impl Draft<'_> {
    /// Refuses an execution that has ended.
    pub(crate) fn not_ended(&self, id: ExecutionId) -> Result<(), Error> {
        let row = self.execution(id)?;
        if row.phase == Phase::Ended { Err(errors::closed(row, None)) } else { Ok(()) }
    }

    /// Records that an operator did something for which there is no kind of its own.
    pub(crate) fn operator_event(&mut self, id: ExecutionId, verb: &str, actor: &str) {
        self.execution_event(EventKind::OperatorAction, id, Some(actor), &json!({ "verb": verb }));
    }
}
