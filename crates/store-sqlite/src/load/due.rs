//! What a sweep's slice brings: the rows whose time has come, earliest first.

use levada_store::DueKind;
use levada_store::limits::BUILD_MS_MAX;
use levada_store::rows::{Condition, Execution, RequestKey, Run, Schedule, WorkerRow};

use super::Slice;
use crate::errors::Result;
use crate::select::Select;

static LEASES: Select<Execution> = Select::new("WHERE phase = 2 AND lease_until_ms <= ?1 ORDER BY lease_until_ms, id LIMIT ?2");
static ATTEMPT_DEADLINES: Select<Execution> =
    Select::new("WHERE attempt_deadline_ms <= ?1 ORDER BY attempt_deadline_ms, id LIMIT ?2");
static DEADLINES: Select<Execution> = Select::new("WHERE deadline_ms <= ?1 ORDER BY deadline_ms, id LIMIT ?2");
static PROMOTES: Select<Execution> = Select::new("WHERE phase = 1 AND hold = 2 AND due_ms <= ?1 ORDER BY due_ms, id LIMIT ?2");
static STAGED: Select<Execution> =
    Select::new("WHERE phase = 0 AND run_id IS NULL AND created_ms <= ?1 ORDER BY created_ms, id LIMIT ?2");
static RETAINED: Select<Execution> =
    Select::new("WHERE run_id IS NULL AND retain_until_ms <= ?1 ORDER BY retain_until_ms, id LIMIT ?2");
static RUN_DEADLINES: Select<Run> = Select::new("WHERE deadline_ms <= ?1 ORDER BY deadline_ms, id LIMIT ?2");
static BUILDING: Select<Run> =
    Select::new("WHERE phase = 0 AND build_deadline_ms <= ?1 ORDER BY build_deadline_ms, id LIMIT ?2");
static CANCEL_GRACES: Select<Run> = Select::new("WHERE cancel_grace_ms <= ?1 ORDER BY cancel_grace_ms, id LIMIT ?2");
static RETAINED_RUNS: Select<Run> = Select::new("WHERE retain_until_ms <= ?1 ORDER BY retain_until_ms, id LIMIT ?2");
static CONDITIONS: Select<Condition> =
    Select::new("WHERE state = 0 AND expires_ms <= ?1 ORDER BY expires_ms, run_id, \"key\" LIMIT ?2");
static SCHEDULES: Select<Schedule> = Select::new("WHERE paused = 0 AND next_fire_ms <= ?1 ORDER BY next_fire_ms, id LIMIT ?2");
static REQUEST_KEYS: Select<RequestKey> = Select::new(
    "WHERE expires_ms <= ?1
       AND NOT EXISTS (SELECT 1 FROM execution WHERE id = request_key.target)
       AND NOT EXISTS (SELECT 1 FROM run WHERE id = request_key.target)
     ORDER BY expires_ms, namespace, \"key\" LIMIT ?2",
);
static WORKERS: Select<WorkerRow> = Select::new("WHERE expires_ms <= ?1 ORDER BY expires_ms, instance LIMIT ?2");

impl Slice<'_> {
    pub(super) fn due(&mut self, kind: DueKind, limit: u32) -> Result<()> {
        let now_ms = self.moment.now_ms;
        match kind {
            DueKind::Lease => self.due_executions(&LEASES, now_ms, limit),
            DueKind::AttemptDeadline => self.due_executions(&ATTEMPT_DEADLINES, now_ms, limit),
            DueKind::Deadline => self.due_executions(&DEADLINES, now_ms, limit),
            DueKind::Promote => self.due_executions(&PROMOTES, now_ms, limit),
            DueKind::Staged => self.due_executions(&STAGED, now_ms - BUILD_MS_MAX, limit),
            DueKind::RetainExecution => self.due_executions(&RETAINED, now_ms, limit),
            DueKind::RunDeadline => self.due_runs(&RUN_DEADLINES, limit),
            DueKind::Building => self.due_runs(&BUILDING, limit),
            DueKind::CancelGrace => self.due_runs(&CANCEL_GRACES, limit),
            DueKind::RetainRun => self.due_runs(&RETAINED_RUNS, limit),
            DueKind::Condition => self.bring(&CONDITIONS, (now_ms, limit)),
            DueKind::Schedule => self.due_schedules(limit),
            DueKind::RequestKey => self.bring(&REQUEST_KEYS, (now_ms, limit)),
            DueKind::Worker => self.bring(&WORKERS, (now_ms, limit)),
        }
    }

    fn due_executions(&mut self, select: &'static Select<Execution>, until_ms: i64, limit: u32) -> Result<()> {
        let rows = self.session.all(select, (until_ms, limit))?;
        rows.into_iter().try_for_each(|row| self.with_belongings(row))
    }

    fn due_runs(&mut self, select: &'static Select<Run>, limit: u32) -> Result<()> {
        for run in self.session.all(select, (self.moment.now_ms, limit))? {
            self.state.locked_runs.insert(run.id);
            self.state.put(run.into());
        }
        Ok(())
    }

    fn due_schedules(&mut self, limit: u32) -> Result<()> {
        for schedule in self.session.all(&SCHEDULES, (self.moment.now_ms, limit))? {
            self.schedule(schedule.id)?;
        }
        Ok(())
    }
}
