//! What a sweep's slice brings: the rows whose time has come, earliest first.

use levada_store::limits::BUILD_MS_MAX;
use levada_store::rows::{Condition, Execution, RequestKey, Run, Schedule, WorkerRow};
use levada_store::{DueKind, Wanted};

use super::Slice;
use crate::errors::Result;
use crate::select::Select;

/// A select of one kind: what is due until a time, of the namespaces that are wanted, without the ids that are not.
macro_rules! due {
    ($name:ident: $Row:ty, $id:literal, $($condition:literal),+) => {
        static $name: Select<$Row> = Select::new(concat!(
            "WHERE (?3 IS NULL OR hex(namespace) IN (SELECT value FROM json_each(?3)))",
            " AND (?4 IS NULL OR hex(", $id, ") NOT IN (SELECT value FROM json_each(?4))) AND ", $($condition),+, " LIMIT ?2",
        ));
    };
}

due!(LEASES: Execution, "id", "phase = 2 AND lease_until_ms <= ?1 ORDER BY lease_until_ms, id");
due!(ATTEMPT_DEADLINES: Execution, "id", "attempt_deadline_ms <= ?1 ORDER BY attempt_deadline_ms, id");
due!(DEADLINES: Execution, "id", "deadline_ms <= ?1 ORDER BY deadline_ms, id");
due!(PROMOTES: Execution, "id", "phase = 1 AND hold = 2 AND due_ms <= ?1 ORDER BY due_ms, id");
due!(STAGED: Execution, "id", "phase = 0 AND run_id IS NULL AND created_ms <= ?1 ORDER BY created_ms, id");
due!(RETAINED: Execution, "id", "run_id IS NULL AND retain_until_ms <= ?1 ORDER BY retain_until_ms, id");
due!(RUN_DEADLINES: Run, "id", "deadline_ms <= ?1 ORDER BY deadline_ms, id");
due!(BUILDING: Run, "id", "phase = 0 AND build_deadline_ms <= ?1 ORDER BY build_deadline_ms, id");
due!(CANCEL_GRACES: Run, "id", "cancel_grace_ms <= ?1 ORDER BY cancel_grace_ms, id");
due!(RETAINED_RUNS: Run, "id", "retain_until_ms <= ?1 ORDER BY retain_until_ms, id");
due!(CONDITIONS: Condition, "run_id", "state = 0 AND expires_ms <= ?1 ORDER BY expires_ms, run_id, \"key\"");
due!(SCHEDULES: Schedule, "id", "paused = 0 AND next_fire_ms <= ?1 ORDER BY next_fire_ms, id");
due!(REQUEST_KEYS: RequestKey, "target", "look_ms <= ?1 ORDER BY look_ms, namespace, \"key\"");
static WORKERS: Select<WorkerRow> = Select::new("WHERE expires_ms <= ?1 ORDER BY expires_ms, instance LIMIT ?2");

/// Namespaces and ids as the statements take them, each in hexadecimal digits; none for all.
pub(crate) fn lists(wanted: &Wanted) -> (Option<String>, Option<String>) {
    let list =
        |words: Vec<String>| format!("[{}]", words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(","));
    let digits = |name: &str| name.bytes().map(|byte| format!("{byte:02X}")).collect::<String>();
    let names = wanted.names().map(|names| list(names.map(digits).collect()));
    let except: Vec<_> = wanted.except.iter().map(|id| format!("{:032X}", id.0)).collect();
    (names, (!except.is_empty()).then(|| list(except)))
}

impl Slice<'_> {
    pub(super) fn due(&mut self, kind: DueKind, wanted: &Wanted) -> Result<()> {
        let now_ms = self.moment.now_ms;
        let (limit, (names, except)) = (wanted.limit, lists(wanted));
        match kind {
            DueKind::Lease => self.due_executions(&LEASES, now_ms, wanted),
            DueKind::AttemptDeadline => self.due_executions(&ATTEMPT_DEADLINES, now_ms, wanted),
            DueKind::Deadline => self.due_executions(&DEADLINES, now_ms, wanted),
            DueKind::Promote => self.due_executions(&PROMOTES, now_ms, wanted),
            DueKind::Staged => self.due_executions(&STAGED, now_ms - BUILD_MS_MAX, wanted),
            DueKind::RetainExecution => self.due_executions(&RETAINED, now_ms, wanted),
            DueKind::RunDeadline => self.due_runs(&RUN_DEADLINES, wanted),
            DueKind::Building => self.due_runs(&BUILDING, wanted),
            DueKind::CancelGrace => self.due_runs(&CANCEL_GRACES, wanted),
            DueKind::RetainRun => self.due_runs(&RETAINED_RUNS, wanted),
            DueKind::Condition => self.bring(&CONDITIONS, (now_ms, limit, names, except)),
            DueKind::Schedule => self.due_schedules(wanted),
            DueKind::RequestKey => self.due_request_keys(now_ms, wanted),
            DueKind::Worker => self.bring(&WORKERS, (now_ms, limit)),
        }
    }

    fn due_executions(&mut self, select: &'static Select<Execution>, until_ms: i64, wanted: &Wanted) -> Result<()> {
        let (names, except) = lists(wanted);
        let rows = self.session.all(select, (until_ms, wanted.limit, names, except))?;
        rows.into_iter().try_for_each(|row| self.with_belongings(row))
    }

    fn due_runs(&mut self, select: &'static Select<Run>, wanted: &Wanted) -> Result<()> {
        let (names, except) = lists(wanted);
        for run in self.session.all(select, (self.moment.now_ms, wanted.limit, names, except))? {
            self.state.locked_runs.insert(run.id);
            self.state.put(run.into());
        }
        Ok(())
    }

    fn due_request_keys(&mut self, now_ms: i64, wanted: &Wanted) -> Result<()> {
        let (names, except) = lists(wanted);
        let rows = self.session.all(&REQUEST_KEYS, (now_ms, wanted.limit, names, except))?;
        rows.into_iter().try_for_each(|row| self.with_target(row))
    }

    fn due_schedules(&mut self, wanted: &Wanted) -> Result<()> {
        let (names, except) = lists(wanted);
        for schedule in self.session.all(&SCHEDULES, (self.moment.now_ms, wanted.limit, names, except))? {
            self.schedule(schedule.id)?;
        }
        Ok(())
    }
}
