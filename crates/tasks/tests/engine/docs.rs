//! What the operating guide lists is what there is: background workers, metrics and the pages of errors.

use std::collections::BTreeSet;

use levada_base::World;
use levada_store::MemoryStore;
use levada_tasks::{Settings, Tasks};

use crate::metrics::CONTRACT;
use crate::node::Result;

const DOCS: &str = "../../docs";

#[expect(clippy::disallowed_methods, reason = "a test that reads the documentation")]
fn text(path: &str) -> String {
    std::fs::read_to_string(format!("{DOCS}/{path}")).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What stands between backticks, of lines for which `wanted` holds.
fn quoted(text: &str, wanted: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let lines = text.lines().filter(|line| wanted(line));
    lines.flat_map(|line| line.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_background_worker_is_described() -> Result {
    let world = World::real();
    let tasks = Tasks::open(MemoryStore::new(world.clone()), Settings::default(), world).await?;
    let guide = text("tasks/operating.md");
    let guide = guide.split("## Background workers").nth(1).and_then(|rest| rest.split("## ").next()).unwrap_or_default();
    let described = quoted(guide, |_| true);
    for status in tasks.background() {
        assert!(described.contains(status.name), "{} is not described", status.name);
    }
    tasks.close(std::time::Duration::from_secs(10)).await
}

#[test]
fn every_metric_is_listed_as_it_is() {
    let listed = quoted(&text("tasks/operating.md"), |line| {
        ["throughput", "latency, seconds", "gauges", "groups", "machinery"]
            .iter()
            .any(|kind| line.starts_with(&format!("| {kind} |")))
    });
    let contract: BTreeSet<_> = CONTRACT.split_whitespace().map(str::to_owned).collect();
    assert_eq!(listed, contract);
}

#[test]
fn every_error_that_is_named_has_a_page() {
    for page in ["README", "guarantees", "operating", "performance"] {
        for name in quoted(&text(&format!("tasks/{page}.md")), |_| true) {
            let is_code = name.len() == 7 && name.starts_with("LV-T") && name[4..].bytes().all(|digit| digit.is_ascii_digit());
            if is_code {
                assert!(text(&format!("errors/{name}.md")).contains(&name), "{name} of {page}");
            }
        }
    }
}
