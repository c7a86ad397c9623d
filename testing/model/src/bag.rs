//! A relation as a bag: rows with weights.

use std::collections::BTreeMap;
use std::fmt;

use crate::Row;

/// Rows with weights, none of them 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bag(BTreeMap<Row, i64>);

/// What two bags do not share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub missing: Vec<Row>,
    pub surplus: Vec<Row>,
}

impl Bag {
    /// Adds `weight` to the weight of `row`.
    pub fn add(&mut self, row: Row, weight: i64) {
        let total = self.0.get(&row).copied().unwrap_or_default() + weight;
        if total == 0 {
            self.0.remove(&row);
        } else {
            self.0.insert(row, total);
        }
    }

    /// A row that was taken back more often than it came.
    #[must_use]
    pub fn negative(&self) -> Option<&Row> {
        self.0.iter().find(|(_, weight)| **weight < 0).map(|(row, _)| row)
    }

    /// How many rows, equal ones counted each.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.values().map(|weight| usize::try_from(*weight).unwrap_or_default()).sum()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What of `expected` is not here and what of this is not expected; `None` if both are the same answer.
    #[must_use]
    pub fn difference(&self, expected: &Self) -> Option<Difference> {
        let mut missing = Vec::new();
        let mut surplus = Vec::new();
        for row in self.0.keys().chain(expected.0.keys()) {
            let (own, other) = (self.weight(row), expected.weight(row));
            let into = if own > other { &mut surplus } else { &mut missing };
            if !into.contains(row) {
                into.extend((0..own.abs_diff(other)).map(|_| row.clone()));
            }
        }
        // What is left may still agree but for the last digits of floats.
        missing.retain(|row: &Row| match surplus.iter().position(|other| agree(row, other)) {
            Some(at) => {
                surplus.swap_remove(at);
                false
            }
            None => true,
        });
        (!missing.is_empty() || !surplus.is_empty()).then_some(Difference { missing, surplus })
    }

    fn weight(&self, row: &Row) -> i64 {
        self.0.get(row).copied().unwrap_or_default()
    }
}

impl FromIterator<Row> for Bag {
    fn from_iter<T: IntoIterator<Item = Row>>(rows: T) -> Self {
        let mut bag = Self::default();
        rows.into_iter().for_each(|row| bag.add(row, 1));
        bag
    }
}

fn agree(a: &Row, b: &Row) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.agrees(b))
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = |sign: char, rows: &[Row]| {
            rows.iter().try_for_each(|row| {
                let cells: Vec<String> = row.iter().map(ToString::to_string).collect();
                writeln!(out, "  {sign} {}", cells.join(", "))
            })
        };
        lines('-', &self.missing)?;
        lines('+', &self.surplus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cell;

    fn row(text: &str, number: f64) -> Row {
        vec![Cell::Text(text.to_owned()), Cell::Float(number)]
    }

    #[test]
    fn a_difference_counts_equal_rows_and_forgives_last_digits() {
        let expected: Bag = [row("a", 0.3), row("a", 0.3), row("b", 1.0)].into_iter().collect();
        let same: Bag = [row("b", 1.0), row("a", 0.1 + 0.2), row("a", 0.3)].into_iter().collect();
        assert_eq!(same.difference(&expected), None);
        let other: Bag = [row("a", 0.3), row("b", 1.0), row("c", 1.0)].into_iter().collect();
        let difference = other.difference(&expected).expect("they differ");
        assert_eq!(difference, Difference { missing: vec![row("a", 0.3)], surplus: vec![row("c", 1.0)] });
        assert_eq!(difference.to_string(), "  - \"a\", 0.3\n  + \"c\", 1.0\n");
    }

    #[test]
    fn a_row_taken_back_too_often_is_negative() {
        let mut bag = Bag::default();
        bag.add(row("a", 1.0), 1);
        bag.add(row("a", 1.0), -1);
        assert!(bag.is_empty() && bag.negative().is_none());
        bag.add(row("a", 1.0), -1);
        assert_eq!(bag.negative(), Some(&row("a", 1.0)));
    }
}
