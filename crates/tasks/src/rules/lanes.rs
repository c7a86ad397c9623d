//! Changing lanes: what they let through, and how much at once.
//!
//! A lane without a row is open and without limit, so a lane need not be created before it is used.

use levada_base::Error;
use levada_store::Scope;
use levada_store::alphabets::{EventKind, LaneState};
use levada_store::rows::{Event, Lane};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Applied, Draft, Rule, errors, validate};

/// Change a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeLane {
    pub lane: String,
    pub change: LaneChange,
    pub actor: String,
}

/// What is changed. Repeating a change that is in force is no change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneChange {
    /// Make it known. One that is known must have this limit; its state stays.
    Create { max_active: Option<i32> },
    /// Nothing is claimed from it.
    Pause,
    /// Everything goes on.
    Resume,
    /// Nothing new is taken into it; what is there is claimed.
    Drain,
    /// Nothing is taken into it and nothing is claimed.
    Disable,
    /// How many of its executions may be active; none for no limit.
    SetMaxActive(Option<i32>),
}

impl LaneChange {
    fn verb(self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Drain => "drain",
            Self::Disable => "disable",
            Self::SetMaxActive(_) => "set_max_active",
        }
    }

    fn limit(self) -> Option<i32> {
        match self {
            Self::Create { max_active } | Self::SetMaxActive(max_active) => max_active,
            _ => None,
        }
    }
}

impl Rule for ChangeLane {
    type Answer = Applied;

    fn scope(&self) -> Scope {
        Scope::Lanes(vec![self.lane.clone()])
    }

    fn decide(&self, draft: &mut Draft) -> Result<Applied, Error> {
        validate::actor(&self.actor)?;
        validate::required("lane", &self.lane, validate::LANE)?;
        if self.lane.starts_with(validate::SYSTEM_LANES) {
            return Err(errors::invalid(
                "lane",
                &self.lane,
                "free for callers: lanes beginning with system. belong to the engine",
            ));
        }
        if let Some(limit) = self.change.limit().filter(|limit| *limit < 1) {
            return Err(errors::invalid("max_active", limit, "1 or more, or absent for no limit"));
        }
        let known = draft.state.lanes.get(&self.lane);
        let changed = self.changed(known)?;
        let is_same = known.is_some_and(|known| (known.state, known.max_active) == changed);
        // Opening a lane that nobody closed would only leave a row behind.
        let is_default = known.is_none() && !matches!(self.change, LaneChange::Create { .. }) && changed == OPEN;
        if is_same || is_default {
            return Ok(Applied::AlreadyApplied);
        }
        let (state, max_active) = changed;
        let lane = Lane { name: self.lane.clone(), state, max_active, changed_ms: draft.now() };
        draft.state.lanes.insert(self.lane.clone(), lane);
        self.report(draft, changed);
        Ok(Applied::Applied)
    }
}

/// The state and limit of a lane without a row.
const OPEN: (LaneState, Option<i32>) = (LaneState::Open, None);

impl ChangeLane {
    fn changed(&self, known: Option<&Lane>) -> Result<(LaneState, Option<i32>), Error> {
        let (state, max_active) = known.map_or(OPEN, |known| (known.state, known.max_active));
        Ok(match self.change {
            LaneChange::Create { max_active: wanted } => match known {
                Some(known) if known.max_active != wanted => {
                    return Err(errors::used_otherwise(format!("lane \"{}\"", self.lane)));
                }
                _ => (state, wanted),
            },
            LaneChange::Pause => (LaneState::Paused, max_active),
            LaneChange::Resume => (LaneState::Open, max_active),
            LaneChange::Drain => (LaneState::Draining, max_active),
            LaneChange::Disable => (LaneState::Disabled, max_active),
            LaneChange::SetMaxActive(wanted) => (state, wanted),
        })
    }

    /// A lane belongs to no namespace: its event has an empty one.
    fn report(&self, draft: &mut Draft, (state, max_active): (LaneState, Option<i32>)) {
        let detail = json!({ "verb": self.change.verb(), "state": state.word(), "max_active": max_active });
        draft.write_event(Event {
            id: 0,
            at_ms: draft.now(),
            kind: EventKind::LaneChanged,
            namespace: String::new(),
            run_id: None,
            execution_id: None,
            generation: None,
            attempt_no: None,
            lane: Some(self.lane.clone()),
            actor: Some(self.actor.clone()),
            detail: detail.to_string(),
        });
    }
}
