//! What a sweep's slice brings: the rows whose time has come, earliest first.

use super::{Slice, owned};
use crate::alphabets::{ConditionState, Hold, Phase, RunPhase};
use crate::ids::RunId;
use crate::limits::BUILD_MS_MAX;
use crate::rows::{Execution, Run};
use crate::scope::{DueKind, Wanted};

impl Slice<'_> {
    pub(super) fn due(&mut self, kind: DueKind, wanted: &Wanted) {
        match kind {
            DueKind::Lease => self.due_executions(wanted, |row| row.lease_until_ms),
            DueKind::AttemptDeadline => self.due_executions(wanted, |row| row.attempt_deadline_ms),
            DueKind::Deadline => self.due_executions(wanted, |row| row.deadline_ms),
            DueKind::Promote => {
                self.due_executions(wanted, |row| {
                    row.due_ms.filter(|_| row.phase == Phase::Runnable && row.hold == Hold::Time)
                });
            }
            DueKind::Staged => self.due_executions(wanted, |row| {
                (row.phase == Phase::Staged && row.run_id.is_none()).then_some(row.created_ms + BUILD_MS_MAX)
            }),
            DueKind::RetainExecution => self.due_executions(wanted, |row| row.retain_until_ms.filter(|_| row.run_id.is_none())),
            DueKind::RunDeadline => self.due_runs(wanted, |row| row.deadline_ms),
            DueKind::Building => self.due_runs(wanted, |row| row.build_deadline_ms.filter(|_| row.phase == RunPhase::Building)),
            DueKind::CancelGrace => self.due_runs(wanted, |row| row.cancel_grace_ms),
            DueKind::RetainRun => self.due_runs(wanted, |row| row.retain_until_ms),
            DueKind::Condition => self.due_conditions(wanted),
            DueKind::Schedule => self.due_schedules(wanted),
            DueKind::RequestKey => self.due_request_keys(wanted),
            DueKind::Worker => self.due_workers(wanted),
        }
    }

    fn due_executions(&mut self, wanted: &Wanted, time: impl Fn(&Execution) -> Option<i64>) {
        let rows = self.tables.state().executions.values().filter(|row| wanted.lets(&row.namespace, row.id.0));
        for id in self.earliest(wanted.limit, rows.filter_map(|row| Some((time(row)?, row.id)))) {
            self.execution(id);
        }
    }

    fn due_runs(&mut self, wanted: &Wanted, time: impl Fn(&Run) -> Option<i64>) {
        let rows = self.tables.state().runs.values().filter(|row| wanted.lets(&row.namespace, row.id.0));
        for id in self.earliest::<RunId>(wanted.limit, rows.filter_map(|row| Some((time(row)?, row.id)))) {
            self.lock_run(id);
        }
    }

    fn due_conditions(&mut self, wanted: &Wanted) {
        let rows = self.tables.state().conditions.values().filter(|row| row.state == ConditionState::Open);
        let rows = rows.filter(|row| wanted.lets(&row.namespace, row.run_id.0));
        let due = rows.filter_map(|row| Some((row.expires_ms?, (row.run_id, row.key.clone()))));
        for (run, key) in self.earliest(wanted.limit, due) {
            self.state.conditions.extend(self.tables.state().conditions.get_key_value(&(run, key)).map(owned));
        }
    }

    fn due_schedules(&mut self, wanted: &Wanted) {
        let rows = self.tables.state().schedules.values().filter(|row| !row.paused && wanted.lets(&row.namespace, row.id.0));
        for id in self.earliest(wanted.limit, rows.filter_map(|row| Some((row.next_fire_ms?, row.id)))) {
            self.schedule(id);
        }
    }

    fn due_request_keys(&mut self, wanted: &Wanted) {
        let rows = self.tables.state().request_keys.iter();
        let rows = rows.filter(|(_, row)| wanted.lets(&row.namespace, row.target.0));
        for (namespace, key) in self.earliest(wanted.limit, rows.map(|(key, row)| (row.look_ms, key.clone()))) {
            self.key(&namespace, &key);
        }
    }

    fn due_workers(&mut self, wanted: &Wanted) {
        let rows = self.tables.state().workers.values();
        for key in self.earliest(wanted.limit, rows.filter_map(|row| Some((row.expires_ms?, row.instance.clone())))) {
            self.state.workers.extend(self.tables.state().workers.get_key_value(&key).map(owned));
        }
    }

    fn earliest<K: Ord>(&self, limit: u32, rows: impl Iterator<Item = (i64, K)>) -> Vec<K> {
        let mut due: Vec<_> = rows.filter(|(at_ms, _)| *at_ms <= self.moment.now_ms).collect();
        due.sort_unstable();
        due.into_iter().take(limit as usize).map(|(_, key)| key).collect()
    }
}
