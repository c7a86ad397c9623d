//! The scripts in `examples/` and the README run, and show what they promise.

use std::process::{Command, Stdio};

use crate::support::{Place, repository, sample};

/// The examples name their files from the repository's directory.
fn run(example: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_levada"));
    let ran = command.args(["run", example]).current_dir(repository()).stdin(Stdio::null()).output().expect("the binary runs");
    assert_eq!((ran.status.code(), String::from_utf8_lossy(&ran.stderr).as_ref()), (Some(0), ""), "{example}");
    String::from_utf8(ran.stdout).expect("UTF-8")
}

#[test]
fn hot_items_streams_its_minutes_in_order_and_then_answers() {
    let out = run("examples/hot_items.sql");
    let minutes: Vec<&str> = out.lines().take_while(|line| line.starts_with('{')).collect();
    assert_eq!(minutes.len(), 9, "{out}");
    assert!(minutes.is_sorted(), "{out}");
    assert!(out.ends_with("(27 rows)\n"), "{out}");
}

#[test]
fn hot_items_counts_every_bid_once() {
    let out = run("examples/hot_items.sql");
    let bids = |line: &str| line.split("\"bids\":").nth(1)?.split(',').next()?.parse::<usize>().ok();
    let counted: usize = out.lines().filter_map(bids).sum();
    let rows = std::fs::read_to_string(sample("bid.csv")).expect("the sample").lines().count() - 1;
    assert_eq!(counted, rows);
}

#[test]
fn the_generator_and_the_join_run_to_their_end() {
    let generated = run("examples/generator.sql");
    assert!(generated.contains("_weight") && generated.ends_with("(5 rows)\n"), "{generated}");
    let joined = run("examples/join.sql");
    assert!(joined.ends_with("(5 rows)\n"), "{joined}");
    assert!(repository().join("examples/out/winners.csv").exists());
}

#[test]
fn the_sample_is_what_the_generator_gives() {
    let place = Place::new();
    std::fs::create_dir_all(place.path().join("examples/nexmark")).expect("a directory");
    let script = std::fs::read_to_string(sample("make.sql")).expect("the script");
    place.run(&script, &["--set", "shards=3"]).well();
    for name in ["bid.csv", "auction.csv", "person.csv"] {
        let committed = std::fs::read_to_string(sample(name)).expect("the sample");
        assert!(place.read(&format!("examples/nexmark/{name}")) == committed, "{name} differs");
    }
}

/// The code blocks of the README in a language.
fn blocks(language: &str) -> Vec<String> {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("the README");
    let fence = format!("```{language}\n");
    readme.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_sql_of_the_readme_runs() {
    let place = Place::new();
    std::fs::create_dir_all(place.path().join("examples/nexmark")).expect("a directory");
    std::fs::copy(sample("bid.csv"), place.path().join("examples/nexmark/bid.csv")).expect("the sample");
    let scripts = blocks("sql");
    assert_eq!(scripts.len(), 1);
    let out = place.run(&scripts[0], &["--format", "csv"]);
    assert_eq!((out.code, out.out.lines().count()), (Some(0), 6), "{}{}", out.out, out.err);
}

#[test]
fn the_picture_in_the_readme_is_what_hot_items_prints() {
    let (out, pictures) = (run("examples/hot_items.sql"), blocks("text"));
    let lines: Vec<&str> = pictures[0].lines().filter(|line| line.trim() != "…").collect();
    assert!(lines.len() > 10, "{lines:?}");
    for line in lines {
        assert!(out.lines().any(|printed| printed == line), "{line}");
    }
}

#[test]
fn the_program_in_the_readme_is_the_one_that_is_tested() {
    let library = std::fs::read_to_string(repository().join("crates/engine/src/lib.rs")).expect("the library");
    for line in blocks("rust").iter().flat_map(|block| block.lines()).filter(|line| !line.is_empty()) {
        assert!(library.lines().any(|tested| tested.trim_start_matches("//! ") == line), "{line}");
    }
}
