//! Whether requests are within the limits: every field, before anything is decided.

use std::collections::{BTreeMap, BTreeSet};

use levada_base::{Error, codes};
use levada_store::alphabets::{FailureClass, Storage};
use levada_store::limits;
use levada_store::rows::{Fact, Facts};

use super::errors::{beyond, invalid};
use crate::spec::{ClaimRequest, ExecutionPolicy, Failure, NewExecution, Payload};

/// A name: text of a limited length without control characters; `field` says of what.
pub(crate) fn name(field: &str, text: &str, limit: (&str, usize)) -> Result<(), Error> {
    no_longer(field, text, limit)?;
    if text.chars().any(char::is_control) {
        return Err(invalid(field, text.escape_debug(), "free of control characters"));
    }
    Ok(())
}

fn no_longer(field: &str, text: &str, limit: (&str, usize)) -> Result<(), Error> {
    if text.len() <= limit.1 {
        return Ok(());
    }
    Err(beyond(field, format!("{} bytes", text.len()), limit.0, limit.1, "shorten it"))
}

/// What people wrote to each other: lines and all, but for the one character that not every store can keep.
pub(crate) fn text(field: &str, text: &str, limit: (&str, usize)) -> Result<(), Error> {
    no_longer(field, text, limit)?;
    if text.contains('\0') {
        return Err(invalid(field, text.escape_debug(), "free of the character with number zero"));
    }
    Ok(())
}

/// Who asks. Nobody in particular is possible.
pub(crate) fn actor(actor: &str) -> Result<(), Error> {
    name("actor", actor, NAME)
}

/// A name that must be there.
pub(crate) fn required(field: &str, text: &str, limit: (&str, usize)) -> Result<(), Error> {
    if text.is_empty() {
        return Err(invalid(field, text, "a name: give at least one letter"));
    }
    name(field, text, limit)
}

pub(crate) const NAME: (&str, usize) = ("NAME_BYTES_MAX", limits::NAME_BYTES_MAX);
pub(crate) const LANE: (&str, usize) = ("LANE_BYTES_MAX", limits::LANE_BYTES_MAX);
/// How the names of the engine's own lanes begin.
pub(crate) const SYSTEM_LANES: &str = "system.";
pub(crate) const KEY: (&str, usize) = ("KEY_BYTES_MAX", limits::KEY_BYTES_MAX);
pub(crate) const NOTE: (&str, usize) = ("NOTE_BYTES_MAX", limits::NOTE_BYTES_MAX);

/// A new execution.
pub(crate) fn execution(new: &NewExecution) -> Result<(), Error> {
    required("kind", &new.kind, NAME)?;
    name("name", &new.name, NAME)?;
    required("namespace", &new.namespace, NAME)?;
    required("lane", &new.lane, LANE)?;
    if new.lane.starts_with(SYSTEM_LANES) {
        return Err(invalid("lane", &new.lane, "free for callers: lanes beginning with system. belong to the engine"));
    }
    if let Some(key) = &new.request_key {
        required("request_key", key, KEY)?;
    }
    capabilities(&new.capabilities)?;
    payload("input", &new.input, ("PAYLOAD_BYTES_MAX", limits::PAYLOAD_BYTES_MAX))?;
    priority(new.priority)?;
    tags(&new.tags)?;
    policy(&new.policy)
}

/// A priority within its range; it is never clamped.
pub(crate) fn priority(priority: i32) -> Result<(), Error> {
    if (0..=limits::PRIORITY_MAX).contains(&priority) {
        Ok(())
    } else {
        Err(invalid("priority", priority, "within 0 … 9000"))
    }
}

/// Bytes within a limit.
pub(crate) fn payload(field: &str, payload: &Payload, limit: (&str, usize)) -> Result<(), Error> {
    let length = payload.bytes().len();
    if length > limit.1 {
        return Err(beyond(field, format!("{length} bytes"), limit.0, limit.1, "pass a reference, or split it"));
    }
    if payload.storage() == Storage::Reference {
        required(field, &String::from_utf8_lossy(payload.bytes()), ("REFERENCE_BYTES_MAX", 1024))?;
    }
    Ok(())
}

/// Capabilities: no comma, control character or blank.
pub(crate) fn capabilities(words: &BTreeSet<String>) -> Result<(), Error> {
    if words.len() > limits::CAPABILITIES_MAX {
        return Err(beyond("capabilities", words.len(), "CAPABILITIES_MAX", limits::CAPABILITIES_MAX, "name fewer"));
    }
    let bytes: usize = words.iter().map(String::len).sum();
    if bytes > limits::CAPABILITIES_BYTES_MAX {
        return Err(beyond(
            "capabilities",
            format!("{bytes} bytes"),
            "CAPABILITIES_BYTES_MAX",
            limits::CAPABILITIES_BYTES_MAX,
            "name fewer",
        ));
    }
    let bad = |word: &&String| word.is_empty() || word.chars().any(|c| c == ',' || c.is_control() || c.is_whitespace());
    match words.iter().find(bad) {
        Some(word) => Err(invalid("capabilities", word.escape_debug(), "a word without comma, blank or control character")),
        None => Ok(()),
    }
}

/// Tags: keys of the form `word.word…` in lower case.
pub(crate) fn tags(tags: &BTreeMap<String, String>) -> Result<(), Error> {
    if tags.len() > limits::TAGS_MAX {
        return Err(beyond("tags", tags.len(), "TAGS_MAX", limits::TAGS_MAX, "give fewer"));
    }
    for (key, value) in tags {
        name("tags", key, NAME)?;
        let is_word = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-')
        };
        if !key.split('.').all(is_word) {
            return Err(invalid("tags", key, "a key of the form word.word, in lower case"));
        }
        name("tags", value, ("TAG_VALUE_BYTES_MAX", limits::TAG_VALUE_BYTES_MAX))?;
    }
    Ok(())
}

/// A policy: every field within its range.
pub(crate) fn policy(policy: &ExecutionPolicy) -> Result<(), Error> {
    if let Some(retries) = policy.retry.max_retries
        && !(0..=limits::RETRIES_MAX).contains(&retries)
    {
        return Err(invalid("retry.max_retries", retries, "within 0 … 1000, or absent for no limit"));
    }
    if policy.retry.retry_on.contains(&FailureClass::Crash) || policy.retry.retry_on.contains(&FailureClass::Permanent) {
        return Err(invalid("retry.retry_on", "crash or permanent", "a set of transient, timeout and resource"));
    }
    let (retry, crash) = (&policy.retry.backoff, &policy.crash.backoff);
    backoff("retry.backoff", (retry.initial_ms, retry.factor_permille, retry.max_ms))?;
    if !(0..=1_000).contains(&retry.jitter_permille) {
        return Err(invalid("retry.backoff", retry.jitter_permille, "a jitter within 0 … 1000 thousandths"));
    }
    backoff("crash.backoff", (crash.initial_ms, crash.factor_permille, crash.max_ms))?;
    if policy.crash.crashes_max < 0 {
        return Err(invalid("crash.crashes_max", policy.crash.crashes_max, "0 or more"));
    }
    span("attempt_timeout_ms", policy.attempt_timeout_ms.unwrap_or(1), 1)?;
    span("deadline_ms", policy.deadline_ms.unwrap_or(1), 1)?;
    span("retention_ms", policy.retention_ms, 0)?;
    let window = limits::REQUEST_KEY_WINDOW_MS_MIN..=limits::REQUEST_KEY_WINDOW_MS_MAX;
    if !window.contains(&policy.request_key_window_ms) {
        return Err(invalid("request_key_window_ms", policy.request_key_window_ms, "within one minute … 30 days"));
    }
    ttl(policy.lease_ttl_max_ms, limits::LEASE_TTL_MS_MAX)
}

/// The longest span that can be asked for: a hundred years.
const SPAN_MS_MAX: i64 = 100 * 366 * 86_400_000;

/// A span of time between `min` milliseconds and a hundred years.
pub(crate) fn span(field: &str, span_ms: i64, min: i64) -> Result<(), Error> {
    if (min..=SPAN_MS_MAX).contains(&span_ms) {
        Ok(())
    } else {
        Err(invalid(field, span_ms, &format!("a span in milliseconds within {min} … {SPAN_MS_MAX}")))
    }
}

fn backoff(field: &str, (initial_ms, factor_permille, max_ms): (i64, i32, i64)) -> Result<(), Error> {
    span(field, initial_ms, 0)?;
    span(field, max_ms, 0)?;
    if !(1_000..=1_000_000).contains(&factor_permille) {
        return Err(invalid(field, factor_permille, "a factor within 1000 … 1000000 thousandths"));
    }
    Ok(())
}

/// A lease's span within the general bounds and the policy's own.
pub(crate) fn ttl(ttl_ms: i64, max_ms: i64) -> Result<(), Error> {
    let (min, max) = (limits::LEASE_TTL_MS_MIN, limits::LEASE_TTL_MS_MAX.min(max_ms));
    if (min..=max).contains(&ttl_ms) {
        return Ok(());
    }
    Err(Error::new(codes::LV_T106, format!("lease TTL {ttl_ms} ms outside {min} … {max}"))
        .with_hint("ask for a TTL within these bounds"))
}

/// A claim.
pub(crate) fn claim(request: &ClaimRequest) -> Result<(), Error> {
    required("worker", &request.worker, NAME)?;
    required("instance", &request.instance, NAME)?;
    lanes(request.lanes.len(), &request.lanes)?;
    let most = u32::try_from(limits::CLAIM_BATCH_MAX).unwrap_or(u32::MAX);
    if request.limit == 0 || request.limit > most {
        return Err(invalid("limit", request.limit, "within 1 … 500 (CLAIM_BATCH_MAX)"));
    }
    capabilities(&request.capabilities)?;
    ttl(request.ttl_ms, limits::LEASE_TTL_MS_MAX)
}

/// Lanes of one claim or worker.
const CLAIM_LANES_MAX: usize = 64;

/// The lanes that a worker serves, `n` of them.
pub(crate) fn lanes<'a>(n: usize, lanes: impl IntoIterator<Item = &'a String>) -> Result<(), Error> {
    if n == 0 || n > CLAIM_LANES_MAX {
        return Err(invalid("lanes", n, "a list of 1 … 64 lanes"));
    }
    lanes.into_iter().try_for_each(|lane| required("lanes", lane, LANE))
}

/// How many items one call may carry.
pub(crate) fn batch(items: usize) -> Result<(), Error> {
    if items == 0 {
        return Err(invalid("items", items, "at least one item"));
    }
    if items > limits::WRITE_BATCH_MAX {
        return Err(beyond("call", format!("{items} items"), "WRITE_BATCH_MAX", limits::WRITE_BATCH_MAX, "split the call"));
    }
    Ok(())
}

/// Facts of a result.
pub(crate) fn facts(facts: &Facts) -> Result<(), Error> {
    if facts.0.len() > limits::FACTS_MAX {
        return Err(beyond("facts", facts.0.len(), "FACTS_MAX", limits::FACTS_MAX, "report fewer: a result can hold the rest"));
    }
    facts.0.iter().try_for_each(|(key, fact)| {
        required("facts", key, NAME)?;
        self::fact("facts", fact)
    })
}

/// The value of a fact, or what one is compared with: facts are small.
pub(crate) fn fact(field: &str, fact: &Fact) -> Result<(), Error> {
    match fact {
        Fact::Text(text) => no_longer(field, text, ("FACT_BYTES_MAX", limits::FACT_BYTES_MAX)),
        Fact::Bool(_) | Fact::Int(_) => Ok(()),
    }
}

/// A failure. What people wrote is cut to its limit; what programs compare must fit.
pub(crate) fn failure(failure: &Failure) -> Result<(), Error> {
    name("failure.code", &failure.code, ("FAILURE_CODE_BYTES_MAX", limits::FAILURE_CODE_BYTES_MAX))?;
    if failure.class == FailureClass::Crash {
        return Err(invalid("failure.class", "crash", "for workers to say: a crash is seen by the lease that expires"));
    }
    Ok(())
}
