//! The errors of the rules, each said once.

use std::fmt::Display;

use levada_base::{Error, codes};
use levada_store::rows::{Attempt, Execution, Run};
use levada_store::{ExecutionId, RunId};

/// `LV-T001`: a field has a value that it cannot have.
pub(crate) fn invalid(field: &str, value: impl Display, rule: &str) -> Error {
    Error::new(codes::LV_T001, format!("{field}: \"{value}\" is not {rule}")).with_detail("field", field)
}

/// `LV-T002`: there is no such thing.
pub(crate) fn unknown(entity: &str, id: impl Display) -> Error {
    Error::new(codes::LV_T002, format!("{entity} \"{id}\" does not exist"))
        .with_hint("look at the id; after its retention it is gone")
        .with_detail("id", id)
}

/// `LV-T003`: something is larger than its limit; `hint` says how it can be made smaller.
pub(crate) fn beyond(what: &str, n: impl Display, limit: &str, max: impl Display, hint: &str) -> Error {
    Error::new(codes::LV_T003, format!("{what} has {n}, limit {limit} is {max}")).with_hint(hint).with_detail("limit", limit)
}

/// `LV-T004`: an id or key was used before, with other content.
pub(crate) fn used_otherwise(what: impl Display) -> Error {
    Error::new(codes::LV_T004, format!("{what} was used with other content"))
        .with_hint("take a new one, or repeat the first content")
}

/// `LV-T005`: an option that this release does not have.
pub(crate) fn not_here(option: &str, hint: &str) -> Error {
    Error::new(codes::LV_T005, format!("option \"{option}\" is not known or not possible here")).with_hint(hint)
}

/// `LV-T101`: somebody else owns it, or nobody.
pub(crate) fn replaced(fence: i64, row: &Execution, why: &str) -> Error {
    let outcome = row.outcome.map_or_else(String::new, |outcome| outcome.to_string());
    Error::new(codes::LV_T101, format!("fence {fence} of execution \"{}\" was replaced by {}: {why}", row.id, row.fence))
        .with_hint("stop the handler and discard its result")
        .with_detail("why", why)
        .with_detail("fence", row.fence)
        .with_detail("phase", row.phase)
        .with_detail("outcome", outcome)
}

/// `LV-T102`: the lease is over, though nobody took it away yet.
pub(crate) fn lease_over(until_ms: i64, now_ms: i64) -> Error {
    Error::new(codes::LV_T102, format!("lease ended at {until_ms}, store time is {now_ms}"))
        .with_hint("renew earlier, or ask for a longer TTL")
}

/// `LV-T103`: the handle was given up by its own worker.
pub(crate) fn given_up(row: &Execution) -> Error {
    Error::new(codes::LV_T103, format!("this handle of execution \"{}\" was given up by a delay", row.id))
        .with_hint("claim it again when it is due")
}

/// `LV-T104`: the attempt was closed through this handle, or the execution is over.
pub(crate) fn closed(row: &Execution, attempt: Option<&Attempt>) -> Error {
    let number = attempt.map_or(row.attempt_no, |attempt| attempt.attempt_no);
    let how = attempt.map_or_else(|| row.public_state().to_string(), |attempt| attempt.state.to_string());
    Error::new(codes::LV_T104, format!("execution \"{}\", attempt {number} is already closed: {how}", row.id))
        .with_hint("there is nothing to do")
        .with_detail("how", how)
}

/// `LV-T105`: not in this state.
pub(crate) fn impossible(verb: &str, row: &Execution) -> Error {
    Error::new(codes::LV_T105, format!("{verb} is not possible while execution \"{}\" is {}", row.id, row.public_state()))
        .with_hint("explain says what it waits for and which call ends that")
}

/// `LV-T203`: the run is over.
pub(crate) fn run_ended(run: &Run) -> Error {
    let outcome = run.outcome.map_or_else(String::new, |outcome| outcome.to_string());
    Error::new(codes::LV_T203, format!("run \"{}\" ended {outcome}", run.id))
        .with_hint("use restart_run_from to begin it again")
}

/// `LV-T217`: the run is being cancelled.
pub(crate) fn run_cancelling(run: RunId) -> Error {
    Error::new(codes::LV_T217, format!("run \"{run}\" is being cancelled")).with_hint("submit a new run")
}

/// `LV-T710`: what is stored is damaged.
pub(crate) fn damaged(place: &str, id: impl Display, value: impl Display) -> Error {
    Error::new(codes::LV_T710, format!("{place} of {id} holds {value}"))
        .with_hint("restore the store from a backup, and report it")
}

/// `LV-T901`: a rule of ours does not hold.
pub(crate) fn violated(rule: &'static str, facts: impl Display) -> Error {
    Error::new(codes::LV_T901, format!("rule {rule} violated: {facts}"))
        .with_hint("this is a bug in Levada: please report it with the trace")
        .with_detail("rule", rule)
}

/// The name of an execution for messages: its own, or its id.
pub(crate) fn name_of(row: Option<&Execution>, id: ExecutionId) -> String {
    row.map(|row| row.name.clone()).filter(|name| !name.is_empty()).unwrap_or_else(|| id.to_string())
}
