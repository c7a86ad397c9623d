//! What callers ask for: new executions, runs, edges, policies, and the items of a worker's calls.
//!
//! Plain data with defaults. From JSON, an option that is not known or not possible in this release is refused (`LV-T005`).

mod again;
mod execution;
mod graph;
mod handle;
mod policy;
mod schedule;
mod worker;

pub use again::{ReplayOptions, RestartOptions};
pub use execution::{NewExecution, Payload};
pub use graph::{
    CancelRun, Fragment, GraphEdge, GraphNode, GroupPolicy, NewCondition, NewEdge, NewRun, Resolution, RunGraph, RunOptions,
    Upstream, Wait,
};
pub use handle::HANDLE_BYTES;
pub use policy::{Backoff, CrashBackoff, CrashPolicy, ExecutionPolicy, RetryPolicy};
pub use schedule::{NewSchedule, Recurrence};
pub use worker::{ClaimRequest, Complete, Delay, Fail, Failure, Handle, ProgressNote, Renew, Skip};

use levada_base::{Error, codes};
use serde::de::DeserializeOwned;

/// Reads a request from JSON.
///
/// # Errors
/// `LV-T005` for an option that is not known; `LV-T001` for anything else that does not fit.
pub fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|cause| {
        let said = cause.to_string();
        match said.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`')) {
            Some((name, rest)) => Error::new(codes::LV_T005, format!("option \"{name}\" is not known or not possible here"))
                .with_hint(format!("remove it{}", rest.replace('`', "\""))),
            None => Error::new(codes::LV_T001, format!("request: {said}"))
                .with_hint("the form of every request is in docs/tasks/requests.md"),
        }
    })
}
