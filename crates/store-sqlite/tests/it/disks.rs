//! T-113: a disk that fails at any call, and every image of the files that a loss of power may leave.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use levada_base::{Error, World};
use levada_store::State;
use levada_store_sqlite::SqliteStore;

use crate::disk::{Act, Disk};
use crate::stage::{Stage, code, dump, input, put, ready};

/// Bytes of an input: more than a page, so that a commit is several writes.
const INPUT_BYTES: usize = 6_000;
/// Calls that are looked at before a test gives up.
const CALLS_MAX: u64 = 10_000;

fn fill(store: &SqliteStore, number: u128) -> Result<(), Error> {
    let row = ready(number, 1);
    put(store, [input(&row, INPUT_BYTES).into(), row.into()])
}

fn whole(stage: &Stage) {
    let verdict: String = stage.connection().pragma_query_value(None, "integrity_check", |row| row.get(0)).expect("a verdict");
    assert_eq!(verdict, "ok");
}

/// Fails the n-th call of a commit; false if it has fewer.
fn commit_fails_at(n: u64, for_good: bool) -> bool {
    let stage = Stage::new();
    let disk = Disk::watch(&directory(&stage));
    let store = stage.open();
    fill(&store, 1).expect("the disk is good");
    let before = dump(&store);
    if for_good {
        disk.fail_from(n)
    } else {
        disk.fail_at(n)
    }
    let told = fill(&store, 2);
    let struck = disk.heal();
    if struck > 0 && told.is_err() {
        assert_eq!(code(&told), "LV-T703", "call {n}: {told:?}");
        assert_eq!(dump(&store), before, "call {n}");
    }
    assert!(struck > 0 || told.is_ok());
    // The caller repeats it; what was done after all is done again to the same effect.
    fill(&store, 2).expect("the disk is good again");
    let after = dump(&store);
    assert_eq!((after.executions.len(), after.inputs.len()), (2, 2), "call {n}");
    store.close();
    whole(&stage);
    assert_eq!(dump(&stage.open()), after, "call {n}");
    struck > 0
}

fn directory(stage: &Stage) -> PathBuf {
    stage.path().parent().map(Path::to_owned).expect("a directory")
}

#[test]
fn t_113_an_error_at_any_call_of_a_commit_changes_nothing_and_heals() {
    for for_good in [false, true] {
        let calls = (1..CALLS_MAX).take_while(|n| commit_fails_at(*n, for_good)).count();
        assert!(calls >= 3, "a commit writes and syncs, in {calls} calls");
    }
}

#[test]
fn t_113_an_error_at_any_call_of_opening_is_told_and_the_next_opening_finds_everything() {
    let mut refused = 0;
    for n in 1..CALLS_MAX {
        let stage = Stage::new();
        let disk = Disk::watch(&directory(&stage));
        // A log that was not moved into the file: opening has to recover.
        let left = Stage::new();
        let store = left.open();
        (1..=5).for_each(|number| fill(&store, number).expect("the disk is good"));
        let before = dump(&store);
        for name in ["tasks.db", "tasks.db-wal"] {
            std::fs::copy(directory(&left).join(name), directory(&stage).join(name)).expect("copied");
        }
        disk.fail_at(n);
        let opened = SqliteStore::open(stage.settings(), World::sim(1).0);
        let struck = disk.heal();
        if struck == 0 {
            assert!(n > 5 && refused > 0, "opening reads the file");
            return;
        }
        if let Err(error) = &opened {
            assert!(["LV-T703", "LV-T702"].contains(&error.code().name()), "call {n}: {error}");
            refused += 1;
        }
        drop(opened);
        let store = stage.open();
        assert_eq!(dump(&store), before, "call {n}");
        store.close();
        whole(&stage);
    }
    panic!("opening has no end");
}

#[test]
fn t_113_an_error_at_any_call_of_closing_loses_nothing() {
    for n in 1..CALLS_MAX {
        let stage = Stage::new();
        let disk = Disk::watch(&directory(&stage));
        let store = stage.open();
        (1..=5).for_each(|number| fill(&store, number).expect("the disk is good"));
        let before = dump(&store);
        disk.fail_from(n);
        store.close();
        let struck = disk.heal();
        assert_eq!(dump(&stage.open()), before, "call {n}");
        whole(&stage);
        if struck == 0 {
            assert!(n > 3, "closing moves the log into the file");
            return;
        }
    }
    panic!("closing has no end");
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// What becomes of the writes that were not synced when power fails.
#[derive(Debug, Clone, Copy)]
enum Unsynced {
    Lost,
    Kept,
    /// Every second one is lost, beginning with the first or the second.
    Holes(usize),
    /// All but the last are lost, and of that only the first half arrived.
    Torn,
}

const UNSYNCED: [Unsynced; 5] = [Unsynced::Lost, Unsynced::Kept, Unsynced::Holes(0), Unsynced::Holes(1), Unsynced::Torn];

fn apply(files: &mut Files, act: &Act, part: usize) {
    match act {
        Act::Write { file, at, bytes } => {
            let content = files.entry(file.clone()).or_default();
            let bytes = &bytes[..bytes.len() / part];
            content.resize(content.len().max(at + bytes.len()), 0);
            content[*at..at + bytes.len()].copy_from_slice(bytes);
        }
        Act::Truncate { file, length } => files.entry(file.clone()).or_default().resize(*length, 0),
        Act::Delete { file } => drop(files.remove(file)),
        Act::Sync { .. } => {}
    }
}

fn of(act: &Act) -> &PathBuf {
    match act {
        Act::Write { file, .. } | Act::Truncate { file, .. } | Act::Sync { file } | Act::Delete { file } => file,
    }
}

/// The files after power failed when so much was done.
fn image(acts: &[Act], unsynced: Unsynced) -> Files {
    let mut files = Files::new();
    let synced = |at: usize, act: &Act| {
        let is_durable = |later: &Act| matches!(later, Act::Sync { .. } | Act::Delete { .. }) && of(later) == of(act);
        acts[at..].iter().any(is_durable)
    };
    let open: Vec<usize> = (0..acts.len()).filter(|at| !synced(*at, &acts[*at])).collect();
    for (at, act) in acts.iter().enumerate() {
        let nth = open.binary_search(&at);
        let part = match (nth, unsynced) {
            (Err(_), _) | (Ok(_), Unsynced::Kept) => 1,
            (Ok(_), Unsynced::Lost) => continue,
            (Ok(nth), Unsynced::Holes(first)) if nth % 2 == first => continue,
            (Ok(_), Unsynced::Holes(_)) => 1,
            (Ok(nth), Unsynced::Torn) if nth + 1 == open.len() => 2,
            (Ok(_), Unsynced::Torn) => continue,
        };
        apply(&mut files, act, part);
    }
    files
}

fn recovered(files: &Files) -> State {
    let stage = Stage::new();
    for (path, bytes) in files {
        let name = path.file_name().expect("a file has a name");
        #[expect(clippy::disallowed_methods, reason = "the test makes the files")]
        std::fs::write(directory(&stage).join(name), bytes).expect("written");
    }
    let store = stage.open();
    let found = dump(&store);
    store.close();
    whole(&stage);
    found
}

#[test]
fn t_113_every_image_after_a_loss_of_power_opens_and_keeps_what_was_acknowledged() {
    const EVERY: usize = 3;
    let stage = Stage::new();
    let disk = Disk::watch(&directory(&stage));
    let store = stage.open();
    // What was done when, and the state that was acknowledged then.
    let mut history = vec![(disk.acts().len(), dump(&store))];
    for number in 1..=6 {
        fill(&store, number).expect("the disk is good");
        history.push((disk.acts().len(), dump(&store)));
    }
    store.close();
    let acts = disk.acts();
    drop(disk);
    let begun = history[0].0;
    let mut images = 0;
    for until in (begun..=acts.len()).step_by(EVERY) {
        let acknowledged = history.iter().rposition(|(done, _)| *done <= until).expect("the first is before all");
        for unsynced in UNSYNCED {
            let found = recovered(&image(&acts[..until], unsynced));
            let reached = history.iter().position(|(_, state)| *state == found);
            assert!(reached >= Some(acknowledged), "after {until} acts, {unsynced:?}: {reached:?} of {acknowledged}");
            images += 1;
        }
    }
    assert!(images > 50, "only {images} images");
}
