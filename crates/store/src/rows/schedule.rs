//! Schedules and what they fired.

use super::table;
use crate::alphabets::MissedPolicy;
use crate::ids::{RunId, ScheduleId};

table!(
    /// Runs that begin by the clock.
    Schedule in "schedule"
    key { id: ScheduleId, }
    {
        namespace: String,
        name: String,
        /// A cron expression with its zone, or an interval with its anchor.
        cron: Option<String>,
        zone: Option<String>,
        every_ms: Option<i64>,
        anchor_ms: Option<i64>,
        start_ms: Option<i64>,
        end_ms: Option<i64>,
        jitter_ms: i64,
        missed_policy: MissedPolicy,
        paused: bool,
        /// The next time by its expression, and when that fires: later by the jitter. None when there is no further time.
        next_nominal_ms: Option<i64>,
        next_fire_ms: Option<i64>,
        /// Missed times that were made up for, one by one, since it last kept up.
        made_up: i32,
        /// The graph of its runs, a JSON document.
        graph: String,
        created_ms: i64,
    }
);

table!(
    /// A nominal time of a schedule and the run it began.
    ScheduleFire in "schedule_fire"
    key { schedule_id: ScheduleId, nominal_ms: i64, }
    {
        run_id: RunId,
        fired_ms: i64,
        /// Nominal times before this one that were passed over.
        missed: i64,
    }
);
