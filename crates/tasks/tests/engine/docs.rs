//! What the operating guide lists is what there is: background workers, metrics and the pages of errors.

use std::collections::BTreeSet;

use levada_base::World;
use levada_store::MemoryStore;
use levada_tasks::spec::{ClaimRequest, ExecutionPolicy, NewSchedule, RunGraph, from_json};
use levada_tasks::{Settings, Tasks};

use crate::metrics::CONTRACT;
use crate::node::{Node, Result};

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
    for page in ["README", "requests", "workers", "guarantees", "operating", "explain", "performance"] {
        for name in quoted(&text(&format!("tasks/{page}.md")), |_| true) {
            let is_code = name.len() == 7 && name.starts_with("LV-T") && name[4..].bytes().all(|digit| digit.is_ascii_digit());
            if is_code {
                assert!(text(&format!("errors/{name}.md")).contains(&name), "{name} of {page}");
            }
        }
    }
}

/// What the guide writes in JSON is accepted as it stands, in the order in which it comes there.
#[tokio::test]
async fn every_request_that_is_shown_is_one() -> Result {
    let guide = text("tasks/requests.md");
    let shown: Vec<_> = guide.split("```json").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [policy, graph, schedule, claim] = shown[..] else { panic!("{} requests", shown.len()) };
    assert_eq!(from_json::<ExecutionPolicy>(policy)?, ExecutionPolicy::default());
    let node = Node::open().await?;
    node.tasks.submit_run(from_json::<RunGraph>(graph)?).await?;
    node.tasks.create_schedule(from_json::<NewSchedule>(schedule)?).await?;
    node.tasks.claim(ClaimRequest { wait_ms: 0, ..from_json(claim)? }).await?;
    let misspelt = from_json::<RunGraph>("{").map_err(|error| error.to_string());
    assert!(misspelt.is_err_and(|said| said.contains("docs/tasks/requests.md")), "the guide is named");
    Ok(())
}
