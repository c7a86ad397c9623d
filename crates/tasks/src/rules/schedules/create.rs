//! Making a schedule.

use levada_base::Error;
use levada_store::rows::Schedule;
use levada_store::{ExecutionId, RunId, ScheduleId, Scope};
use serde::{Deserialize, Serialize};

use super::row::{move_to, spec_of};
use crate::rules::schedule::{member_id, run_id};
use crate::rules::{Created, Draft, Rule, errors, validate};
use crate::spec::{NewSchedule, Recurrence};

/// Make a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateSchedule {
    /// The caller's id, or one made for it.
    pub id: ScheduleId,
    pub new: NewSchedule,
}

impl Rule for CreateSchedule {
    /// The schedule and when it fires next.
    type Answer = Created<(ScheduleId, Option<i64>)>;

    fn scope(&self) -> Scope {
        Scope::Schedule(self.id)
    }

    fn namespace(&self) -> Option<&str> {
        Some(&self.new.namespace)
    }

    fn decide(&self, draft: &mut Draft) -> Result<Self::Answer, Error> {
        self.validate()?;
        let timetable = spec_of(&self.new).check()?;
        let now_ms = draft.now();
        let mut row = self.row(now_ms)?;
        if let Some(known) = draft.state.schedules.get(&self.id) {
            return if is_same(known, &row) {
                Ok(Created::Existing((self.id, known.next_fire_ms)))
            } else {
                Err(errors::used_otherwise(format!("schedule id \"{}\"", self.id)))
            };
        }
        self.try_graph(draft)?;
        // A schedule of this id may have been removed: no nominal time begins a second run.
        let after_ms = draft.last_nominal(self.id).unwrap_or(now_ms).max(now_ms);
        move_to(&mut row, &timetable, timetable.next_fire(after_ms));
        let next_fire_ms = row.next_fire_ms;
        draft.state.schedules.insert(self.id, row);
        Ok(Created::Created((self.id, next_fire_ms)))
    }
}

impl CreateSchedule {
    fn validate(&self) -> Result<(), Error> {
        validate::required("name", &self.new.name, validate::NAME)?;
        validate::required("namespace", &self.new.namespace, validate::NAME)?;
        let graph = &self.new.graph;
        if graph.id.is_some() || graph.request_key.is_some() {
            let option = if graph.id.is_some() { "graph.id" } else { "graph.request_key" };
            return Err(errors::not_here(option, "remove it: the ids of a schedule's runs follow from their nominal times"));
        }
        if graph.nodes.iter().any(|node| node.execution.id.is_some()) {
            return Err(errors::not_here(
                "graph.nodes.execution.id",
                "remove it: every run of a schedule has members of its own",
            ));
        }
        if graph.options.namespace != self.new.namespace {
            return Err(errors::invalid("graph.options.namespace", &graph.options.namespace, "the namespace of the schedule"));
        }
        Ok(())
    }

    /// Refuses a graph of which no run could ever begin. Lanes are not looked at: they may be closed now and open then.
    fn try_graph(&self, draft: &Draft) -> Result<(), Error> {
        let run = RunId(run_id(self.id.0, 0));
        let ids: Vec<_> = (0..self.new.graph.nodes.len()).map(|index| ExecutionId(member_id(run.0, index))).collect();
        draft.clone().submit(run, &ids, &self.new.graph, None)
    }

    /// Everything but when it fires.
    fn row(&self, now_ms: i64) -> Result<Schedule, Error> {
        let new = &self.new;
        let (cron, zone, every_ms, anchor_ms) = match &new.when {
            Recurrence::Cron { text, zone } => (Some(text.clone()), Some(zone.clone()), None, None),
            Recurrence::Every { ms, anchor_ms } => (None, None, Some(*ms), Some(*anchor_ms)),
        };
        let graph = serde_json::to_string(&new.graph).map_err(|cause| errors::invalid("graph", cause, "a JSON document"))?;
        Ok(Schedule {
            id: self.id,
            namespace: new.namespace.clone(),
            name: new.name.clone(),
            cron,
            zone,
            every_ms,
            anchor_ms,
            start_ms: new.start_ms,
            end_ms: new.end_ms,
            jitter_ms: new.jitter_ms,
            missed_policy: new.missed,
            paused: new.paused,
            next_nominal_ms: None,
            next_fire_ms: None,
            made_up: 0,
            graph,
            created_ms: now_ms,
        })
    }
}

/// Whether a schedule was made with the same content. What changes later does not count.
fn is_same(known: &Schedule, row: &Schedule) -> bool {
    let made = Schedule {
        paused: row.paused,
        next_nominal_ms: row.next_nominal_ms,
        next_fire_ms: row.next_fire_ms,
        made_up: row.made_up,
        created_ms: row.created_ms,
        ..known.clone()
    };
    made == *row
}
