//! What operators do to one execution, and beginning again.

use levada_base::Error;
use levada_store::alphabets::Outcome;
use levada_store::rows::{Execution, Facts};
use levada_store::{ExecutionId, Query, RunId, Scope, Store};

use super::Tasks;
use crate::rules::{
    self, Applied, ChangePriority, HoldExecution, OverrideOutcome, ReleaseExecution, ReplayExecution, Replayed, RestartRun,
    Restarted, RetryFailed, RevokeLease, Revoked, RunNow,
};
use crate::spec::{Payload, ReplayOptions, RestartOptions};

impl<S: Store> Tasks<S> {
    /// Holds an execution: it is not claimed before it is released.
    ///
    /// # Errors
    /// `LV-T002`; `LV-T104` if it ended.
    pub async fn hold(&self, execution: ExecutionId, actor: &str) -> Result<Applied, Error> {
        self.engine.act("hold", HoldExecution { execution, actor: actor.to_owned() }).await
    }

    /// Lets a held execution go on.
    ///
    /// # Errors
    /// `LV-T002`; `LV-T104` if it ended.
    pub async fn release(&self, execution: ExecutionId, actor: &str) -> Result<Applied, Error> {
        self.engine.act("release", ReleaseExecution { execution, actor: actor.to_owned() }).await
    }

    /// Moves an execution in its queue: 0 … 9000, higher first.
    ///
    /// # Errors
    /// `LV-T001`, `LV-T002`; `LV-T104` if it ended.
    pub async fn change_priority(&self, execution: ExecutionId, priority: i32, actor: &str) -> Result<Applied, Error> {
        self.engine.act("change_priority", ChangePriority { execution, priority, actor: actor.to_owned() }).await
    }

    /// Does not wait for a delayed execution's time.
    ///
    /// # Errors
    /// `LV-T002`, `LV-T105`; `LV-T104` if it ended.
    pub async fn run_now(&self, execution: ExecutionId, actor: &str) -> Result<Applied, Error> {
        self.engine.act("run_now", RunNow { execution, actor: actor.to_owned() }).await
    }

    /// Ends an execution as succeeded, failed or skipped, whatever its worker does.
    ///
    /// # Errors
    /// `LV-T001` … `LV-T003`; `LV-T104` if it ended.
    pub async fn override_outcome(
        &self,
        execution: ExecutionId,
        outcome: Outcome,
        result: Option<(Payload, Facts)>,
        actor: &str,
    ) -> Result<Applied, Error> {
        let (result, facts) = result.map_or((None, Facts::default()), |(result, facts)| (Some(result), facts));
        let rule = OverrideOutcome { execution, outcome, result, facts, actor: actor.to_owned() };
        self.engine.act("override_outcome", rule).await
    }

    /// Begins an ended execution again, by itself.
    ///
    /// # Errors
    /// `LV-T002`, `LV-T218`, `LV-T801`, `LV-T802`, `LV-T804`.
    pub async fn replay(&self, execution: ExecutionId, options: ReplayOptions, actor: &str) -> Result<Replayed, Error> {
        let ReplayOptions { ignore_edges, generation } = options;
        let row = self.find(execution).await?.ok_or_else(|| rules::unknown("execution", execution))?;
        let generation = generation.or(Some(row.generation));
        let rule = ReplayExecution { execution, run: row.run_id, ignore_edges, generation, actor: actor.to_owned() };
        self.engine.act("replay", rule).await
    }

    /// Takes the lease away that an execution has now; that counts as neither a retry nor a crash. Its holder's writes are refused from
    /// then on.
    ///
    /// # Errors
    /// `LV-T002`; what the store says.
    pub async fn revoke_lease(&self, execution: ExecutionId, actor: &str) -> Result<Revoked, Error> {
        let row = self.find(execution).await?.ok_or_else(|| rules::unknown("execution", execution))?;
        let fence = Some(row.fence);
        self.engine.act("revoke_lease", RevokeLease { execution, by: None, fence, actor: actor.to_owned() }).await
    }

    /// An execution as it is now: a call that names what it saw has one effect, however often it is tried.
    async fn find(&self, execution: ExecutionId) -> Result<Option<Execution>, Error> {
        let scope = Scope::Leases(vec![(execution, NO_FENCE)]);
        let mut page = self.engine.read(Query::Scope(scope)).await?;
        Ok(page.rows.executions.remove(&execution))
    }

    /// Begins a run again from a member, and with `cascade` from all that follows from it.
    ///
    /// # Errors
    /// `LV-T002`, `LV-T208`, `LV-T218`, `LV-T801` … `LV-T803`.
    pub async fn restart_run_from(
        &self,
        run: RunId,
        from: ExecutionId,
        options: RestartOptions,
        actor: &str,
    ) -> Result<Restarted, Error> {
        let generation = match options.generation {
            None => self.find(from).await?.map(|row| row.generation),
            given => given,
        };
        let options = RestartOptions { generation, ..options };
        self.engine.act("restart_run_from", RestartRun { run, from, options, actor: actor.to_owned() }).await
    }

    /// Begins a run again from every failure that nothing absorbed. If the reply to the commit that reopened it is lost, the answer names
    /// no members.
    ///
    /// # Errors
    /// `LV-T002`, `LV-T218`, `LV-T802`, `LV-T803`.
    pub async fn retry_failed(&self, run: RunId, force: bool, actor: &str) -> Result<Restarted, Error> {
        let page = self.engine.read(Query::Scope(Scope::Run(run))).await?;
        let generation = page.rows.runs.get(&run).map(|row| row.generation);
        self.engine.act("retry_failed", RetryFailed { run, force, generation, actor: actor.to_owned() }).await
    }
}

/// A fence that nobody ever had: an execution is read without what was closed through one.
pub(super) const NO_FENCE: i64 = -1;
