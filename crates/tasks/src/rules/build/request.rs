//! Whether what is asked of a run is within the limits, before anything is looked at.

use levada_base::Error;
use levada_store::alphabets::{EdgeWhen, Need, OnTimeout};
use levada_store::rows::Predicates;
use levada_store::{ExecutionId, RunId, limits};

use super::super::{errors as rules, validate};
use super::errors;
use crate::spec::{GroupPolicy, NewCondition, RunOptions};

/// The name, the options and the request key of a run.
pub(super) fn run(name: &str, options: &RunOptions, request_key: Option<&String>) -> Result<(), Error> {
    validate::name("name", name, validate::NAME)?;
    validate::required("namespace", &options.namespace, validate::NAME)?;
    if let Some(version) = &options.graph_version {
        validate::required("graph_version", version, validate::NAME)?;
    }
    if let Some(key) = request_key {
        validate::required("request_key", key, validate::KEY)?;
    }
    validate::span("deadline_ms", options.deadline_ms.unwrap_or(1), 1)?;
    validate::span("retention_ms", options.retention_ms, 0)?;
    validate::tags(&options.tags)?;
    let window = limits::REQUEST_KEY_WINDOW_MS_MIN..=limits::REQUEST_KEY_WINDOW_MS_MAX;
    if !window.contains(&options.request_key_window_ms) {
        return Err(rules::invalid("request_key_window_ms", options.request_key_window_ms, "within one minute … 30 days"));
    }
    Ok(())
}

/// What an edge says besides its ends. `condition_key` is there if it comes from an outside fact.
pub(super) fn edge(
    condition_key: Option<&str>,
    satisfied_by: EdgeWhen,
    predicates: &Predicates,
    input: Option<&String>,
    condition: &NewCondition,
) -> Result<(), Error> {
    if predicates.0.len() > limits::PREDICATES_MAX {
        return Err(rules::beyond(
            "predicates",
            predicates.0.len(),
            "PREDICATES_MAX",
            limits::PREDICATES_MAX,
            "ask for fewer facts",
        ));
    }
    predicates.0.iter().try_for_each(|predicate| {
        validate::required("predicates", &predicate.fact, validate::NAME)?;
        validate::fact("predicates", &predicate.literal)
    })?;
    if let Some(input) = input {
        validate::required("input", input, validate::NAME)?;
    }
    match condition_key {
        Some(key) => {
            validate::required("condition", key, validate::KEY)?;
            if satisfied_by != EdgeWhen::Success {
                let hint = "an edge from a condition is satisfied or missed as the condition is: leave \"success\"";
                return Err(rules::not_here(&format!("satisfied_by = {satisfied_by}"), hint));
            }
            if condition.on_timeout == OnTimeout::Fail && condition.expires_ms.is_none() {
                return Err(rules::invalid("condition.on_timeout", "fail", "possible without expires_ms"));
            }
            Ok(())
        }
        None if *condition != NewCondition::default() => {
            Err(rules::not_here("condition", "only an edge from a condition can have a timeout"))
        }
        None => Ok(()),
    }
}

/// The run or execution whose end resolves a condition, if its key names one.
///
/// # Errors
/// `LV-T001` for a key that begins like one but names nothing, or the condition's own run.
pub(super) fn awaited(run: RunId, key: &str) -> Result<(Option<RunId>, Option<ExecutionId>), Error> {
    let refused = |rule: &str| rules::invalid("condition", key, rule);
    if let Some(id) = key.strip_prefix("run:") {
        let upstream: RunId = id.parse().map_err(|_| refused("\"run:\" and the id of a run"))?;
        if upstream == run {
            return Err(refused("the end of another run: this one would wait for itself"));
        }
        return Ok((Some(upstream), None));
    }
    let Some(id) = key.strip_prefix("execution:") else { return Ok((None, None)) };
    let upstream = id.parse().map_err(|_| refused("\"execution:\" and the id of an execution"))?;
    Ok((None, Some(upstream)))
}

/// A group's policy on its own; whether its edges suffice is seen when it is opened.
pub(super) fn policy(child: &str, policy: GroupPolicy) -> Result<(), Error> {
    match policy.need {
        Need::Quorum if policy.quorum < 1 => Err(errors::unreachable_group(child, policy.quorum, 0)),
        Need::Quorum => Ok(()),
        Need::AllOf | Need::AnyOf if policy.quorum != 0 => {
            Err(rules::not_here("quorum", "only a group with need \"quorum\" has a k: leave it 0"))
        }
        Need::AllOf | Need::AnyOf => Ok(()),
    }
}
