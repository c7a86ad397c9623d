//! What ends a reason.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What happens next, by name. A time is beside it if one is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Trigger {
    Seal,
    EndOfUpstream,
    Resolution,
    Due,
    Resume,
    Release,
    ResumeOfLane,
    RoomInLane,
    Registration,
    Claim,
    ReportOrExpiry,
    Settlement,
    Cancellation,
    StoreAnswers,
}

impl fmt::Display for Trigger {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Seal => "the run is sealed",
            Self::EndOfUpstream => "its upstream ends",
            Self::Resolution => "the condition is resolved",
            Self::Due => "its time comes",
            Self::Resume => "the run is resumed",
            Self::Release => "it is released",
            Self::ResumeOfLane => "the lane is resumed",
            Self::RoomInLane => "an execution of the lane ends",
            Self::Registration => "a worker that can do it registers",
            Self::Claim => "a worker claims it",
            Self::ReportOrExpiry => "the worker reports or its lease ends",
            Self::Settlement => "the end is settled",
            Self::Cancellation => "the cancel reaches it",
            Self::StoreAnswers => "the store answers",
        })
    }
}
