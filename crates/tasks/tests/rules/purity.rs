//! T-110: the rules are pure. Same input, same bytes; traces replay; nothing in `rules/` awaits, reads a clock or draws a number.

use std::path::{Path, PathBuf};

use levada_store::alphabets::FailureClass;
use levada_store::{DueKind, Token};
use levada_tasks::ring0::Ring0;
use levada_tasks::rules::{
    Claim, CompleteExecutions, CreateExecution, Event, FailExecutions, HoldExecution, SubmitRun, SweepExecutions, decide,
};
use levada_tasks::spec::{ClaimRequest, Complete, Fail, Failure, Handle, NewExecution, Payload};

use crate::world::{World, graph};

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("the sources are here") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test that reads sources")]
fn t_110_nothing_in_rules_awaits_or_draws() {
    let mut files = Vec::new();
    sources(Path::new("src/rules"), &mut files);
    assert!(files.len() > 50, "the sources are where they were");
    let banned =
        ["async fn", "async move", ".await", "World", "Instant::", "SystemTime", "Utc::now", "rand::", "tokio", "std::thread"];
    for file in files {
        let text = std::fs::read_to_string(&file).expect("text");
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for word in banned {
                assert!(!line.contains(word), "{word} in {}: {line}", file.display());
            }
        }
    }
}

/// A history in which most kinds of rows are written.
fn trace() -> Vec<Event> {
    let mut world = World::new();
    let (run, id) = (world.run_id(), world.execution_id());
    let ids = (0..2).map(|_| world.execution_id()).collect();
    let mut new = NewExecution::of_kind("mail").with_input("x");
    new.tags.insert("team".to_owned(), "red".to_owned());
    let leases = (0..5).map(|_| world.token()).collect::<Vec<_>>();
    let claim = |token: u128| Claim {
        request: ClaimRequest::of_lane("default", "w", 1, Token(token)),
        leases: leases.clone(),
        store: Token(0),
    };
    let handle = Handle { execution: id, fence: 1, attempt_no: 1, store: Token(0) };
    let failure = Failure { class: FailureClass::Transient, code: "c".into(), message: "m".into() };
    let complete = Complete { handle: Handle { fence: 3, ..handle }, result: Payload::Void, facts: Default::default() };
    vec![
        CreateExecution { id, new }.into(),
        claim(1).into(),
        SubmitRun { run, ids, graph: graph(&["a", "b"], &[("a", "b")]), epoch: Some(7) }.into(),
        FailExecutions { items: vec![(Fail { handle, failure }, u64::MAX)], next: None }.into(),
        SweepExecutions { kind: DueKind::Promote, limit: 10, random: 3, back_since_ms: None }.into(),
        HoldExecution { execution: id, actor: "ann".to_owned() }.into(),
        CompleteExecutions { items: vec![complete], next: Some(claim(2)) }.into(),
    ]
}

fn bytes(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("events and commands serialise")
}

#[test]
fn t_110_same_input_same_bytes_and_traces_replay() {
    let mut first = Ring0::new(1);
    let mut second = Ring0::new(1);
    for event in trace() {
        let read: Event = serde_json::from_str(&bytes(&event)).expect("P-4");
        assert_eq!(read, event, "an event comes back from its bytes");
        let slice = first.slice(&event);
        let (once, twice) = (decide(&slice, &event), decide(&slice, &event));
        assert_eq!(bytes(&once.as_ref().ok()), bytes(&twice.as_ref().ok()));
        let done = first.replay(&event).expect("the trace is legal");
        assert!(!done.is_empty() || matches!(event, Event::SweepExecutions(_)), "{event:?} does something");
        let replayed = second.replay(&read).expect("the trace is legal");
        assert_eq!(bytes(&done), bytes(&replayed));
        let commands: Vec<levada_store::Command> = serde_json::from_str(&bytes(&done)).expect("P-4");
        assert_eq!(commands, done, "commands come back from their bytes");
    }
    assert_eq!(first.state(), second.state());
}
