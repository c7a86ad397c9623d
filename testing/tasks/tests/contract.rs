//! The contract against the sources: each rule has a test, each test exists, and the benchmarks keep to the public operations.
//!
//! Not a reading of what the tests say: it finds a number that nobody wrote a test for, and a rule that no test of the list names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The list of rules and tests.
const CONTRACT: &str = include_str!("contract.txt");

/// The repository, seen from this crate, where its tests run.
const REPOSITORY: &str = "../..";

/// `A-1…A-3` and `A-1 A-2 A-3` are the same; a range keeps the zeros of its first number.
fn ids(text: &str) -> Vec<String> {
    let one = |word: &str| match word.split_once('…') {
        None => vec![word.to_owned()],
        Some((first, last)) => {
            let (family, from) = first.rsplit_once('-').expect("an id is FAMILY-NUMBER");
            let to: usize = last.rsplit_once('-').and_then(|(_, to)| to.parse().ok()).expect("a range ends at a number");
            let width = from.len();
            let from: usize = from.parse().expect("a range begins at a number");
            (from..=to).map(|n| format!("{family}-{n:0width$}")).collect()
        }
    };
    text.split_whitespace().flat_map(one).collect()
}

struct Contract {
    rules: BTreeSet<String>,
    /// The rules of each test.
    tests: BTreeMap<String, Vec<String>>,
    /// Those of them that nobody has written yet.
    open: BTreeSet<String>,
}

fn contract() -> Contract {
    let mut contract = Contract { rules: BTreeSet::new(), tests: BTreeMap::new(), open: BTreeSet::new() };
    for line in CONTRACT.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (first, rest) = line.split_once(' ').expect("a line is a word and what it says");
        if first == "rules" {
            contract.rules.extend(ids(rest));
            continue;
        }
        let is_open = first == "open";
        let (test, rest) = if is_open { rest.split_once(' ').expect("a test has a name") } else { (first, rest) };
        let rules = rest.split_once(' ').map_or(Vec::new(), |(_, rules)| ids(rules));
        assert!(contract.tests.insert(test.to_owned(), rules).is_none(), "{test} is listed twice");
        contract.open.extend(is_open.then(|| test.to_owned()));
    }
    contract
}

/// The Rust sources below a directory of the repository.
#[expect(clippy::disallowed_methods, reason = "a test that reads sources")]
fn sources(directory: &str) -> Vec<(PathBuf, String)> {
    let (mut found, mut left) = (Vec::new(), vec![Path::new(REPOSITORY).join(directory)]);
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(&directory).expect("the sources are here") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = std::fs::read_to_string(&path).expect("text");
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{directory} has sources");
    found
}

/// The numbers in names of tests: `t_001_t_028_chains` has two. A name may be an argument of a macro that makes the test.
fn numbers(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let after = code.flat_map(|line| line.match_indices("t_").map(|(at, _)| &line[at + 2..]));
    let numbered =
        after.filter(|rest| rest.as_bytes().get(3) == Some(&b'_') && rest.as_bytes()[..3].iter().all(u8::is_ascii_digit));
    numbered.map(|rest| format!("T-{}", &rest[..3])).collect()
}

#[test]
fn t_128_every_test_of_the_contract_exists() {
    let sources = ["crates", "testing", "bench"].into_iter().flat_map(sources);
    let found: BTreeSet<_> = sources.flat_map(|(_, text)| numbers(&text)).collect();
    let Contract { tests, open, .. } = contract();
    let missing: Vec<_> = tests.into_keys().filter(|test| !found.contains(test) && !open.contains(test)).collect();
    assert_eq!(missing, Vec::<String>::new(), "no test has these numbers");
    assert_eq!(open.intersection(&found).collect::<Vec<_>>(), Vec::<&String>::new(), "these are no longer open");
}

#[test]
fn t_128_every_rule_has_a_test() {
    let contract = contract();
    let named: BTreeSet<_> = contract.tests.values().flatten().cloned().collect();
    assert_eq!(contract.rules.difference(&named).collect::<Vec<_>>(), Vec::<&String>::new(), "no test names these rules");
    assert_eq!(named.difference(&contract.rules).collect::<Vec<_>>(), Vec::<&String>::new(), "these are no rules in force");
    assert!(contract.rules.len() > 150 && contract.tests.len() > 80, "the list was read");
}

/// P-10: everything through the public operations. A store is only asked how much it did and what is there.
#[test]
fn t_127_benchmarks_write_no_row_past_the_operations() {
    let banned =
        ["transact(", "transact_fused(", "rusqlite", "tokio_postgres", "Command::Put", "INSERT ", "UPDATE ", "DELETE ", "psql"];
    for (file, text) in sources("bench/src/tasks") {
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for word in banned {
                assert!(!line.contains(word), "{word} in {}: {line}", file.display());
            }
        }
    }
}

#[test]
fn t_127_every_scenario_of_this_release_is_measured() {
    let wanted = contract().rules.into_iter().filter(|rule| rule.starts_with("PB-"));
    let harness = sources("bench/src/tasks").into_iter().find(|(path, _)| path.ends_with("mod.rs")).expect("the harness").1;
    for scenario in wanted {
        assert!(harness.contains(&format!("(\"{scenario}\", ")), "{scenario} is not listed");
        assert!(harness.contains(&format!("\"{scenario}\" => ")), "{scenario} is not run");
    }
}
