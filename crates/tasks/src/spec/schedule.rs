//! A new schedule.

use levada_store::ScheduleId;
use levada_store::alphabets::MissedPolicy;
use serde::{Deserialize, Serialize};

use super::RunGraph;

/// A graph of which a run begins at every nominal time. Times are milliseconds of UTC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewSchedule {
    /// Made by the engine if absent.
    #[serde(default)]
    pub id: Option<ScheduleId>,
    #[serde(default = "default_namespace")]
    pub namespace: String,
    pub name: String,
    pub when: Recurrence,
    /// Nothing fires before this time, nor at this time or later.
    #[serde(default)]
    pub start_ms: Option<i64>,
    #[serde(default)]
    pub end_ms: Option<i64>,
    /// Runs begin up to this much (exclusive) after their nominal time.
    #[serde(default)]
    pub jitter_ms: i64,
    #[serde(default = "latest")]
    pub missed: MissedPolicy,
    /// Nothing fires before it is resumed.
    #[serde(default)]
    pub paused: bool,
    /// Without id and request key: these follow from the nominal time.
    pub graph: RunGraph,
}

/// The rule that repeats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Recurrence {
    /// Five or six fields, read in a zone of the IANA database.
    Cron { text: String, zone: String },
    /// At `anchor_ms` and every `ms` before and after it.
    Every {
        ms: i64,
        #[serde(default)]
        anchor_ms: i64,
    },
}

fn default_namespace() -> String {
    "default".to_owned()
}

const fn latest() -> MissedPolicy {
    MissedPolicy::One
}
