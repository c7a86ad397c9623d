//! What operators do: hold, release, priority, run now, override (X-24 … X-26), pause and resume (Y-03), resolve, lanes.

use levada_store::alphabets::{Cause, ConditionState, EventKind, Hold, LaneState, Outcome, Phase, RunPhase};
use levada_store::limits::PRIORITY_MAX;
use levada_store::rows::Facts;
use levada_store::{ExecutionId, RunId};
use levada_tasks::rules::LaneChange;
use levada_tasks::spec::Resolution;

use super::{Lane, Model, Refused};

impl Model {
    fn not_ended(&mut self, id: ExecutionId) -> Result<&mut super::Execution, Refused> {
        let row = self.executions.get_mut(&id).ok_or("LV-T002")?;
        if row.phase == Phase::Ended { Err("LV-T104") } else { Ok(row) }
    }

    /// Whether it was this call that did it.
    ///
    /// # Errors
    /// T002, T104.
    pub fn hold(&mut self, id: ExecutionId) -> Result<bool, Refused> {
        let row = self.not_ended(id)?;
        let was = std::mem::replace(&mut row.operator_hold, true);
        if (row.phase, row.hold) == (Phase::Runnable, Hold::None) {
            row.hold = Hold::Operator;
        }
        Ok(!was)
    }

    /// Whether it was this call that did it.
    ///
    /// # Errors
    /// T002, T104.
    pub fn release(&mut self, id: ExecutionId) -> Result<bool, Refused> {
        let row = self.not_ended(id)?;
        let was = std::mem::replace(&mut row.operator_hold, false);
        // A call that finds nothing to release changes nothing: a pause that a cancel ended is undone by the backlog's worker.
        if was && (row.phase, row.hold) == (Phase::Runnable, Hold::Operator) {
            self.make_runnable(id);
        }
        Ok(was)
    }

    ///
    ///
    /// # Errors
    /// T001, T002, T104.
    pub fn change_priority(&mut self, id: ExecutionId, priority: i32) -> Result<(), Refused> {
        if !(0..=PRIORITY_MAX).contains(&priority) {
            return Err("LV-T001");
        }
        self.not_ended(id)?.priority = priority;
        Ok(())
    }

    /// X-06 before its time.
    ///
    /// # Errors
    /// T002, T104, T105.
    pub fn run_now(&mut self, id: ExecutionId) -> Result<(), Refused> {
        let row = self.not_ended(id)?;
        match (row.phase, row.hold) {
            (Phase::Runnable, Hold::Time) => {
                row.due_ms = None;
                self.make_runnable(id);
                Ok(())
            }
            (Phase::Runnable, _) => Ok(()),
            _ => Err("LV-T105"),
        }
    }

    ///
    ///
    /// # Errors
    /// T001 for an outcome that cannot be given, T002, T104.
    pub fn override_outcome(&mut self, id: ExecutionId, outcome: Outcome, facts: Option<&Facts>) -> Result<(), Refused> {
        if !matches!(outcome, Outcome::Succeeded | Outcome::Failed | Outcome::Skipped) {
            return Err("LV-T001");
        }
        let row = self.not_ended(id)?;
        if let Some(facts) = facts {
            row.results.insert(row.generation, facts.clone());
        }
        self.end(id, outcome, Cause::Operator, None);
        Ok(())
    }

    /// Y-03. Whether it was this call that did it.
    ///
    /// # Errors
    /// T002, T203, T217.
    pub fn pause_run(&mut self, run: RunId) -> Result<bool, Refused> {
        let header = self.flagged(run)?;
        if std::mem::replace(&mut header.paused, true) {
            return Ok(false);
        }
        for id in self.member_ids(run) {
            let row = self.execution_mut(id);
            if (row.phase, row.hold) == (Phase::Runnable, Hold::None) {
                row.hold = Hold::Operator;
            }
        }
        self.say_run(EventKind::RunPaused, run);
        Ok(true)
    }

    /// Y-03. Whether it was this call that did it.
    ///
    /// # Errors
    /// T002, T203, T217.
    pub fn resume_run(&mut self, run: RunId) -> Result<bool, Refused> {
        let header = self.flagged(run)?;
        if !std::mem::replace(&mut header.paused, false) {
            return Ok(false);
        }
        for id in self.member_ids(run) {
            let row = self.execution(id);
            if (row.phase, row.hold) == (Phase::Runnable, Hold::Operator) {
                self.make_runnable(id);
            }
        }
        self.say_run(EventKind::RunResumed, run);
        Ok(true)
    }

    fn flagged(&mut self, run: RunId) -> Result<&mut super::Run, Refused> {
        let header = self.runs.get_mut(&run).ok_or("LV-T002")?;
        match header.phase {
            RunPhase::Building | RunPhase::Running => Ok(header),
            RunPhase::Cancelling => Err("LV-T217"),
            RunPhase::Ended => Err("LV-T203"),
        }
    }

    /// Whether it was this call that did it.
    ///
    /// # Errors
    /// T002, T215, T216.
    pub fn resolve_condition(&mut self, run: RunId, key: &str, resolution: &Resolution) -> Result<bool, Refused> {
        let drawn = Some(self.next_number());
        let now_ms = self.now_ms;
        let header = self.runs.get_mut(&run).ok_or("LV-T002")?;
        let condition = header.conditions.get_mut(key).ok_or("LV-T215")?;
        let (state, facts) = match resolution {
            Resolution::Satisfied(facts) => (ConditionState::Satisfied, facts.clone()),
            Resolution::Missed => (ConditionState::Missed, Facts::default()),
        };
        if condition.state != ConditionState::Open {
            let same = condition.state == state && condition.facts == facts;
            return if same { Ok(false) } else { Err("LV-T216") };
        }
        condition.state = state;
        condition.facts = facts;
        condition.drawn = drawn;
        // Said when its time is over, it is what the timeout would have said.
        let is_late = condition.expires_ms.is_some_and(|at_ms| at_ms <= now_ms);
        condition.timed_out = is_late && state == ConditionState::Missed;
        self.say_run(EventKind::ConditionResolved, run);
        Ok(true)
    }

    /// L-6.
    pub fn change_lane(&mut self, name: &str, change: &LaneChange) {
        let lane = self.lanes.entry(name.to_owned()).or_insert(Lane { state: LaneState::Open, max_active: None });
        match change {
            LaneChange::Create { max_active } | LaneChange::SetMaxActive(max_active) => lane.max_active = *max_active,
            LaneChange::Pause => lane.state = LaneState::Paused,
            LaneChange::Resume => lane.state = LaneState::Open,
            LaneChange::Drain => lane.state = LaneState::Draining,
            LaneChange::Disable => lane.state = LaneState::Disabled,
        }
    }
}
