//! S-146: broken statements are refused with a code and a place, and never with a panic.

use levada_base::Error;
use levada_sql::{parse_all, parse_one, split};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::accepted;

/// How many broken statements are tried.
const CASES: u32 = 20_000;

/// Codes a parser may give: syntax, limits, and what is refused by its form alone.
const CODES: &[&str] =
    &["LV-S001", "LV-S002", "LV-S003", "LV-S004", "LV-S005", "LV-S206", "LV-S520", "LV-S521", "LV-S601", "LV-S610"];

/// Words and symbols that are put where they do not belong.
const PIECES: &[&str] = &[
    "(",
    ")",
    ",",
    ";",
    "'",
    "\"",
    "--",
    "/*",
    "*/",
    "$$",
    "EMIT",
    "CHANGES",
    "AS",
    "SELECT",
    "FROM",
    "WITH",
    "WITH (",
    "CREATE",
    "NOT",
    "NULL",
    "=",
    "::",
    ".",
    "[",
    "]",
    "{",
    "E'\\",
    "U&'\\00",
    "\u{0}",
    "ü",
    "😀",
    "1e",
    "0x",
    ".5.",
    "`",
    "$1",
    "@",
    "#",
    "?",
    "\\",
    "OVER",
    "CASE",
    "END",
    "INTERVAL",
    "TABLE",
    "TUMBLE(",
    "WATERMARK FOR",
    "PRIMARY KEY",
    "ENVELOPE",
    "KEY (",
    "ALLOWED LATENESS",
    "LATE DATA TO",
    "ON CONFLICT",
    "UNION ALL",
    "JOIN",
    "EXISTS",
    "-9999999999999999999999",
    "\r",
    "\n",
    "FORMAT",
    "BACKGROUND",
];

/// One way to break a text; the numbers choose where, modulo its length.
#[derive(Debug, Clone)]
enum Mutation {
    Delete(usize),
    Duplicate(usize),
    Swap(usize, usize),
    Insert(usize, &'static str),
    Truncate(usize),
    Byte(usize, char),
    Join(usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        any::<usize>().prop_map(Mutation::Delete),
        any::<usize>().prop_map(Mutation::Duplicate),
        any::<(usize, usize)>().prop_map(|(a, b)| Mutation::Swap(a, b)),
        (any::<usize>(), proptest::sample::select(PIECES)).prop_map(|(at, piece)| Mutation::Insert(at, piece)),
        any::<usize>().prop_map(Mutation::Truncate),
        (any::<usize>(), any::<char>()).prop_map(|(at, byte)| Mutation::Byte(at, byte)),
        any::<usize>().prop_map(Mutation::Join),
    ]
}

impl Mutation {
    fn apply(&self, text: &str) -> String {
        let mut words: Vec<&str> = text.split_inclusive([' ', '(', ',', ')', '\n']).collect();
        let count = words.len().max(1);
        match *self {
            Self::Delete(at) if !words.is_empty() => drop(words.remove(at % count)),
            Self::Duplicate(at) if !words.is_empty() => words.insert(at % count, words[at % count]),
            Self::Swap(a, b) if !words.is_empty() => words.swap(a % count, b % count),
            Self::Insert(at, piece) => words.insert(at % count, piece),
            Self::Truncate(at) => return text.chars().take(at % (text.chars().count() + 1)).collect(),
            Self::Byte(at, byte) => {
                let mut chars: Vec<char> = text.chars().collect();
                let length = chars.len().max(1);
                chars.splice(at % length..(at % length + 1).min(chars.len()), [byte]);
                return chars.into_iter().collect();
            }
            Self::Join(at) => {
                return format!("{text} {}", accepted::all().nth(at % accepted::all().count()).unwrap_or_default());
            }
            Self::Delete(_) | Self::Duplicate(_) | Self::Swap(..) => {}
        }
        words.concat()
    }
}

/// A place lies inside a text if its line and column exist there, the place just behind the end among them.
fn check_error(text: &str, error: &Error) -> Result<(), TestCaseError> {
    prop_assert!(CODES.contains(&error.code().name()), "{error:?}");
    let Some(place) = error.position() else { return Err(TestCaseError::fail(format!("no place: {error:?}"))) };
    let line = text.split('\n').nth(place.line as usize - 1);
    prop_assert!(line.is_some_and(|line| place.column as usize <= line.chars().count() + 1), "{error:?}");
    prop_assert!(place.length >= 1);
    prop_assert!(!error.message().is_empty());
    Ok(())
}

/// The same cases in every run: what is found once is found again.
fn runner(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

#[test]
fn s_146_parser_never_panics() {
    let texts: Vec<&'static str> = accepted::all().collect();
    let broken = (proptest::sample::select(texts), proptest::collection::vec(mutation(), 1..4));
    let mut runner = runner(CASES);
    let mut refused = std::cell::Cell::new(0_u32);
    let outcome = runner.run(&broken, |(text, mutations)| {
        let text = mutations.iter().fold(text.to_owned(), |text, mutation| mutation.apply(&text));
        for outcome in parse_all(&text) {
            match outcome {
                Err(error) => {
                    refused.set(refused.get() + 1);
                    check_error(&text, &error)?;
                }
                Ok(parsed) => check_printed(&parsed.statement)?,
            }
        }
        let split = split(&text);
        prop_assert!(split.statements.iter().all(|statement| text.contains(statement)));
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    assert!(*refused.get_mut() > CASES / 3, "the mutations break too little: {refused:?}");
}

/// A mutation that is still a statement prints like any other.
fn check_printed(statement: &levada_sql::Statement) -> Result<(), TestCaseError> {
    let Some(printed) = statement.to_sql() else { return Ok(()) };
    match parse_one(&printed) {
        Ok(again) => prop_assert_eq!(&again.statement, statement, "{}", printed),
        Err(error) => prop_assert!(false, "{}\n{:?}", printed, error),
    }
    Ok(())
}

#[test]
fn arbitrary_text_never_panics() {
    let outcome = runner(CASES / 5).run(&proptest::collection::vec(any::<char>(), 0..60), |chars| {
        let text: String = chars.into_iter().collect();
        parse_all(&text).iter().filter_map(|one| one.as_ref().err()).try_for_each(|error| check_error(&text, error))
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
