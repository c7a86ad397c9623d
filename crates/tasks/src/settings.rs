//! Settings of an engine node: plain data. Parts (the store, the world) are given to [`crate::Tasks::open`] beside them.

use std::collections::BTreeMap;

use levada_base::{Error, codes};
use serde::{Deserialize, Serialize};

use crate::rules::OUTAGE_MS;

/// What an engine node does, and under which name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Names the node in the store and in messages.
    pub node: String,
    /// The namespaces that this node serves: its claims, lists, subscriptions and the work that is listed by namespace. None: all.
    pub namespaces: Option<Vec<String>>,
    /// How long events can be followed.
    pub event_retention_ms: i64,
    pub background: BackgroundSettings,
}

/// A week.
const EVENT_RETENTION_MS: i64 = 7 * 86_400_000;

/// The longest tick of heartbeats that nothing else causes: one may be late, and still nobody takes its node for gone.
const HEARTBEAT_MS_MAX: u64 = OUTAGE_MS.unsigned_abs() / 2;

/// Which background work a node does, and what wakes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackgroundSettings {
    /// Off: nothing runs by itself; [`crate::Tasks::tick`] does single steps.
    pub enabled: bool,
    /// Look again after a while even if nothing said so.
    pub ticks: bool,
    /// Look when a commit or the next stored time says so.
    pub wakes: bool,
    /// Exceptions, by the name of the worker.
    pub workers: BTreeMap<String, WorkerSettings>,
}

/// Exceptions of one background worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkerSettings {
    pub enabled: bool,
    pub tick_ms: Option<u64>,
    /// Rows of one transaction, at most what the worker has by itself.
    pub batch: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            node: "levada".to_owned(),
            namespaces: None,
            event_retention_ms: EVENT_RETENTION_MS,
            background: BackgroundSettings::default(),
        }
    }
}

impl Default for BackgroundSettings {
    fn default() -> Self {
        Self { enabled: true, ticks: true, wakes: true, workers: BTreeMap::new() }
    }
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self { enabled: true, tick_ms: None, batch: None }
    }
}

impl Settings {
    /// Settings of a node that does nothing by itself: for tests and for processes that only submit.
    #[must_use]
    pub fn without_background() -> Self {
        let background = BackgroundSettings { enabled: false, ..BackgroundSettings::default() };
        Self { background, ..Self::default() }
    }

    /// Whether the node can work with these: names exist, spans are not zero.
    ///
    /// # Errors
    /// `LV-T001` for the first value that it cannot have, `LV-T005` for a background worker that does not exist.
    pub(crate) fn check(&self, workers: &[&'static str]) -> Result<(), Error> {
        if self.node.is_empty() {
            return Err(invalid("node", "empty", "a name"));
        }
        if self.namespaces.as_ref().is_some_and(Vec::is_empty) {
            return Err(invalid("namespaces", "empty", "a list of at least one name, or absent for all"));
        }
        if self.event_retention_ms < 0 {
            return Err(invalid("event_retention_ms", &self.event_retention_ms.to_string(), "0 or more"));
        }
        for (name, settings) in &self.background.workers {
            if !workers.contains(&name.as_str()) {
                let known = workers.join(", ");
                return Err(Error::new(codes::LV_T005, format!("option \"background.workers.{name}\" is not known"))
                    .with_hint(format!("the background workers are {known}")));
            }
            if settings.tick_ms == Some(0) || settings.batch == Some(0) {
                return Err(invalid("background.workers", name, "given with spans and batches of at least 1"));
            }
        }
        self.background.check_heartbeat()
    }

    /// The namespaces that a caller's choice leaves of this node's. None: all.
    pub(crate) fn narrowed(&self, asked: Option<Vec<String>>) -> Option<Vec<String>> {
        match (&self.namespaces, asked) {
            (None, asked) => asked,
            (Some(own), None) => Some(own.clone()),
            (Some(own), Some(asked)) => Some(asked.into_iter().filter(|name| own.contains(name)).collect()),
        }
    }

    /// Whether this node serves a namespace.
    pub(crate) fn serves(&self, namespace: &str) -> bool {
        self.namespaces.as_ref().is_none_or(|names| names.iter().any(|name| name == namespace))
    }
}

impl BackgroundSettings {
    /// A node that does not say often enough that it lives takes every pause for an outage of all nodes: after one leases wait, so it
    /// would never take any away.
    fn check_heartbeat(&self) -> Result<(), Error> {
        let own = self.workers.get("node_heartbeat");
        if !self.enabled {
            return Ok(());
        }
        if own.is_some_and(|own| !own.enabled) {
            let message =
                "option \"background.workers.node_heartbeat.enabled\" is not possible here: leases would never expire";
            return Err(Error::new(codes::LV_T005, message)
                .with_hint("leave it on, or open the node without background work: background.enabled = false"));
        }
        if self.wakes {
            // It has itself woken in time.
            return Ok(());
        }
        if !self.ticks {
            return Err(invalid("background.ticks", "false", "possible while background.wakes is false: nothing would run")
                .with_hint("switch one of them on, or open the node without background work: background.enabled = false"));
        }
        let tick_ms = own.and_then(|own| own.tick_ms).filter(|tick_ms| *tick_ms > HEARTBEAT_MS_MAX);
        tick_ms.map_or(Ok(()), |tick_ms| {
            let rule = format!("within 1 … {HEARTBEAT_MS_MAX} while background.wakes is false");
            Err(invalid("background.workers.node_heartbeat.tick_ms", &tick_ms.to_string(), &rule))
        })
    }
}

fn invalid(field: &str, value: &str, rule: &str) -> Error {
    Error::new(codes::LV_T001, format!("{field}: \"{value}\" is not {rule}")).with_detail("field", field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_from_json_and_refuse_what_they_do_not_know() {
        let text = serde_json::to_string(&Settings::default()).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Settings>(&text).ok(), Some(Settings::default()));
        assert!(serde_json::from_str::<Settings>(r#"{"nodes": "a"}"#).is_err());
    }

    #[test]
    fn a_node_narrows_what_callers_choose() {
        let node = Settings { namespaces: Some(vec!["a".to_owned(), "b".to_owned()]), ..Settings::default() };
        assert_eq!(node.narrowed(None), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(node.narrowed(Some(vec!["b".to_owned(), "c".to_owned()])), Some(vec!["b".to_owned()]));
        assert_eq!(Settings::default().narrowed(None), None);
        assert!(node.serves("a") && !node.serves("c"));
    }

    #[test]
    fn t_055_a_node_that_would_not_say_that_it_lives_is_refused() {
        let check = |background: BackgroundSettings| {
            let settings = Settings { background, ..Settings::default() };
            settings.check(&["node_heartbeat"]).map_err(|error| error.code())
        };
        let beats = |enabled, tick_ms| {
            BTreeMap::from([("node_heartbeat".to_owned(), WorkerSettings { enabled, tick_ms, ..WorkerSettings::default() })])
        };
        let (all, no_wakes) = (BackgroundSettings::default(), BackgroundSettings { wakes: false, ..Default::default() });
        assert_eq!(check(BackgroundSettings { workers: beats(false, None), ..all.clone() }), Err(codes::LV_T005));
        assert_eq!(check(BackgroundSettings { workers: beats(false, None), enabled: false, ..all.clone() }), Ok(()));
        assert_eq!(check(BackgroundSettings { workers: beats(true, Some(60_000)), ..all }), Ok(()), "it is woken every second");
        assert_eq!(check(BackgroundSettings { ticks: false, ..no_wakes.clone() }), Err(codes::LV_T001));
        for (tick_ms, expected) in [(None, Ok(())), (Some(2_500), Ok(())), (Some(2_501), Err(codes::LV_T001))] {
            assert_eq!(check(BackgroundSettings { workers: beats(true, tick_ms), ..no_wakes.clone() }), expected);
        }
    }

    #[test]
    fn a_worker_that_does_not_exist_is_refused() {
        let mut settings = Settings::default();
        settings.background.workers.insert("setle".to_owned(), WorkerSettings::default());
        assert_eq!(settings.check(&["settle"]).map_err(|error| error.code()), Err(codes::LV_T005));
    }
}
