//! What a store holds, as lines of text that are the same for the same history: what is drawn by lot (lease ids) or numbers itself
//! (events, creation order) is left out, and engine nodes are not looked at.

use levada_store::rows::{EngineNode, Row};
use levada_store::value::Value;
use levada_store::{Record, State};

/// Columns that two nodes fill differently for the same history.
const BY_LOT: [&str; 2] = ["lease_id", "seq"];

/// The rows, sorted.
#[must_use]
pub fn picture(rows: &State) -> Vec<String> {
    let seen = rows.records().filter(|record| record.table().name != EngineNode::TABLE.name);
    let mut lines: Vec<_> = seen.map(|record| line(&record)).collect();
    lines.sort_unstable();
    lines
}

fn line(record: &Record) -> String {
    let table = record.table();
    let skipped = usize::from(matches!(record, Record::Event(_)));
    let fields = table.columns.iter().zip(record.values()).skip(skipped);
    let known = fields.filter(|(column, value)| *value != Value::Null && !BY_LOT.contains(&column.name));
    let text: Vec<_> = known.map(|(column, value)| format!("{}={value}", column.name)).collect();
    format!("{} {}", table.name, text.join(" "))
}

/// What differs, as lines that begin with − (missing) and + (not expected); none if nothing does.
#[must_use]
pub fn difference(expected: &[String], found: &[String]) -> Option<String> {
    let missing = without(expected, found).map(|line| format!("− {line}"));
    let extra = without(found, expected).map(|line| format!("+ {line}"));
    let all: Vec<_> = missing.chain(extra).collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

/// The lines of one that are not in the other, as often as they are missing there. Both are sorted.
fn without<'a>(one: &'a [String], other: &'a [String]) -> impl Iterator<Item = &'a String> {
    let count = |lines: &[String], line: &String| lines.partition_point(|l| l <= line) - lines.partition_point(|l| l < line);
    let first = |at: usize| at - one.partition_point(|line| *line < one[at]);
    one.iter().enumerate().filter(move |(at, line)| first(*at) >= count(other, line)).map(|(_, line)| line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_compared_as_often_as_they_are_there() {
        let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(difference(&lines("a b b c"), &lines("a b b c")), None);
        assert_eq!(difference(&lines("a b b c"), &lines("b c d")).as_deref(), Some("− a\n− b\n+ d"));
    }
}
