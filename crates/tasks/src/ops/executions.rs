//! Operations on one execution.

use levada_base::Error;
use levada_store::alphabets::PublicState;
use levada_store::{ExecutionId, Store};

use super::Tasks;
use crate::rules::{self, Applied, CancelExecution, CreateExecution, Created, RevokeLease, Revoked};
use crate::spec::{Handle, NewExecution};

impl<S: Store> Tasks<S> {
    /// Creates an execution; ready ones can be claimed from the moment this returns.
    ///
    /// # Errors
    /// `LV-T001`, `LV-T003`, `LV-T004`, `LV-T005`, `LV-T108`.
    pub async fn create_execution(&self, new: NewExecution) -> Result<Created<(ExecutionId, PublicState)>, Error> {
        let (now_ms, random) = self.engine.fresh();
        let id = new.id.unwrap_or_else(|| ExecutionId::new(now_ms, random));
        self.engine.desk.learn(|| rules::route(&new));
        self.engine.act("create_execution", CreateExecution { id, new }).await
    }

    /// Cancels an execution that has not ended.
    ///
    /// # Errors
    /// `LV-T002`; `LV-T805` if it ended otherwise before.
    pub async fn cancel_execution(&self, execution: ExecutionId, actor: &str) -> Result<Applied, Error> {
        self.engine.act("cancel_execution", CancelExecution { execution, actor: actor.to_owned() }).await
    }

    /// A worker gives its own lease back before it did anything; counted as a crash.
    ///
    /// # Errors
    /// `LV-T002`, `LV-T101`, `LV-T102`, `LV-T110`.
    pub async fn give_back(&self, handle: Handle) -> Result<Revoked, Error> {
        self.own(&handle)?;
        let rule = RevokeLease { execution: handle.execution, by: Some(handle), fence: None, actor: "worker".to_owned() };
        self.engine.act("give_back", rule).await
    }
}
