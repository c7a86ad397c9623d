//! A row of any table with random fields: every word of its alphabets, nulls where they are allowed, text that is hard to quote.
//!
//! Made from the table's columns alone, so a new column is random from the day it is added. A row made so obeys no rule between its
//! columns; whoever needs that sets the fields in question.

use crate::conformance::Dice;
use crate::rows::Row;
use crate::value::{Column, Kind, Value};

/// Text that a careless store would damage.
pub(crate) const TEXTS: &[&str] = &[
    "plain",
    "",
    " blanks ",
    "Ümlaut 日本語 🦀",
    "it's \"quoted\" \\ and back",
    "a,b;c%d_e",
    "Upper",
    "line\nbreak\ttab",
    "{\"rows\": 1}",
    "NULL",
];

/// Documents of the columns that hold some.
const DOCUMENTS: &[&str] = &[
    "{}",
    "[]",
    r#"{"late":true,"rows":-7,"zone":"Ümlaut 🦀"}"#,
    r#"[{"fact":"rows","op":"≥","literal":9223372036854775807},{"fact":"zone","op":"=","literal":"it's"}]"#,
];

/// Numbers of words that alphabets have, up to more than the widest has: a throw among few finds a word of a narrow one soon.
const WORDS: &[i64] = &[2, 2, 3, 5, 9, 17, 64];

/// A random row.
pub(crate) fn any<R: Row>(dice: &mut Dice, now_ms: i64) -> R {
    let columns = R::TABLE.columns;
    let mut values: Vec<_> = columns.iter().map(|column| value(dice, column, now_ms)).collect();
    loop {
        match R::read(values.clone()) {
            Ok(row) => return row,
            // Not a word of this alphabet, or a document of another form: thrown again until it fits.
            Err(bad) => {
                for (at, column) in columns.iter().enumerate().filter(|(_, column)| column.name == bad.column) {
                    values[at] = other_value(dice, column);
                }
            }
        }
    }
}

fn value(dice: &mut Dice, column: &Column, now_ms: i64) -> Value {
    if column.nullable && dice.chance(35) {
        return Value::Null;
    }
    match column.kind {
        Kind::Small => word(dice),
        Kind::Int if column.name.ends_with("_ms") => Value::Int(near(dice, now_ms)),
        Kind::Int => Value::Int(dice.below(1_000)),
        Kind::Id => Value::Id(dice.id()),
        Kind::Text => Value::Text((*dice.pick(TEXTS)).to_owned()),
        Kind::Bytes => {
            let len = dice.below(40);
            Value::Bytes((0..len).map(|_| dice.bits().to_be_bytes()[0]).collect())
        }
    }
}

fn other_value(dice: &mut Dice, column: &Column) -> Value {
    match column.kind {
        Kind::Small => word(dice),
        _ => Value::Text((*dice.pick(DOCUMENTS)).to_owned()),
    }
}

fn word(dice: &mut Dice) -> Value {
    let words = *dice.pick(WORDS);
    Value::Int(dice.below(words))
}

/// A time around now, in steps that are coarse enough for ties.
pub(crate) fn near(dice: &mut Dice, now_ms: i64) -> i64 {
    const STEP_MS: i64 = 120_000;
    now_ms + (dice.below(41) - 20) * STEP_MS
}
