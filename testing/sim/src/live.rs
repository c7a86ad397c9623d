//! A running view beside what it should show.

use std::collections::BTreeSet;

use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType};
use levada::{Database, DeltaBatch, EpochChanges, Error, Rows, Subscription};
use levada_model::{Bag, rows_of};

use crate::scenario::View;
use crate::verdict::{Failure, FailureKind, Tally};

/// The changes are compared with the batch answer after every step; whether the view holds what they add up to, after one step in so
/// many, and in the end.
const CONTENT_STEPS: usize = 3;

/// A view and the changes it gave so far.
pub(crate) struct Live {
    pub(crate) name: String,
    stored: bool,
    oracle: String,
    subscription: Subscription,
    /// What the changes add up to.
    changes: Bag,
    /// The tables and sources below it.
    below: BTreeSet<String>,
    /// The batch answer after the last change of one of these.
    expected: Option<Expected>,
}

/// A batch answer.
struct Expected {
    rows: Bag,
    types: Vec<DataType>,
}

impl Live {
    /// Listens to a view that was just created.
    pub(crate) fn new(db: &Database, view: &View, below: BTreeSet<String>) -> Result<Self, Error> {
        let subscription = futures::executor::block_on(db.subscribe(&view.name))?;
        Ok(Self {
            name: view.name.clone(),
            stored: view.stored,
            oracle: view.query.oracle.clone(),
            subscription,
            changes: Bag::default(),
            below,
            expected: None,
        })
    }

    /// Compares changes and batch answer, now and then the content as well, and counts. `touched` is the table or source that changed.
    pub(crate) fn check(&mut self, db: &Database, step: usize, touched: &str, tally: &mut Tally) -> Result<(), Failure> {
        self.follow(step)?;
        let again = self.below.contains(touched) || self.expected.is_none();
        if again {
            self.expected = self.evaluate(db);
        }
        let Some(expected) = &self.expected else {
            tally.unanswered += 1;
            return Ok(());
        };
        if let Some(difference) = self.changes.difference(&expected.rows) {
            let what = format!("{} is not the batch answer\n{difference}  to {}", self.name, self.oracle);
            return Err(Failure { step, kind: FailureKind::Content, what });
        }
        if self.stored && again && step.is_multiple_of(CONTENT_STEPS) {
            self.agree(db, &expected.types, step)?;
        }
        tally.comparisons += 1;
        tally.rows += expected.rows.len();
        Ok(())
    }

    /// The last word: the view holds what it told.
    pub(crate) fn finish(&self, db: &Database, step: usize) -> Result<(), Failure> {
        match &self.expected {
            Some(expected) if self.stored => self.agree(db, &expected.types, step),
            _ => Ok(()),
        }
    }

    /// The batch answer, if the batch engine has one: it panics, or finds its own plans to be wrong, where orders and constants meet.
    fn evaluate(&self, db: &Database) -> Option<Expected> {
        let rows = db.query_blocking(&self.oracle).ok()?;
        Some(Expected { rows: bag(&rows), types: types(&rows) })
    }

    /// Content and changes say the same, in the types of the batch answer.
    fn agree(&self, db: &Database, expected: &[DataType], step: usize) -> Result<(), Failure> {
        let read = format!("SELECT * FROM {}", self.name);
        let content = db.query_blocking(&read).map_err(|error| Failure::of(step, &read, &error))?;
        let failure = |what: String| Err(Failure { step, kind: FailureKind::Changes, what });
        if self.changes != bag(&content) {
            let difference = self.changes.difference(&bag(&content)).map_or_else(String::new, |rows| rows.to_string());
            return failure(format!("the changes of {} do not add up to it\n{difference}", self.name));
        }
        if types(&content) != expected {
            return failure(format!("{} has types {:?}, not {expected:?}", self.name, types(&content)));
        }
        Ok(())
    }

    /// Adds up what came since the last time, and gives the sum.
    pub(crate) fn follow(&mut self, step: usize) -> Result<&Bag, Failure> {
        while let Some(next) = self.subscription.try_next() {
            let next = next.map_err(|error| Failure::of(step, &format!("the changes of {}", self.name), &error))?;
            let Some(epoch) = next else { break };
            self.add(&epoch).map_err(|what| Failure {
                step,
                kind: FailureKind::Changes,
                what: format!("{what}, in epoch {} of {}", epoch.epoch, self.name),
            })?;
        }
        Ok(&self.changes)
    }

    /// One epoch: net, and nothing is taken back that was not there.
    fn add(&mut self, epoch: &EpochChanges) -> Result<(), String> {
        let only_grows = epoch.changes.iter().all(DeltaBatch::is_append);
        let mut seen = BTreeSet::new();
        for delta in &epoch.changes {
            for (at, row) in rows_of(delta.batch()).into_iter().enumerate() {
                let weight = delta.weight(at);
                if weight == 0 || !(seen.insert(row.clone()) || only_grows) {
                    return Err(format!("{row:?} is not netted"));
                }
                self.changes.add(row, weight);
            }
        }
        self.changes.negative().map_or(Ok(()), |row| Err(format!("{row:?} is taken back and was not there")))
    }
}

fn bag(rows: &Rows) -> Bag {
    rows.batches.iter().flat_map(rows_of).collect()
}

/// The types of the columns. The batch engine widens decimals in its own way, depending on what it could simplify.
fn types(rows: &Rows) -> Vec<DataType> {
    let widest = |data_type: &DataType| match data_type {
        DataType::Decimal128(_, scale) => DataType::Decimal128(DECIMAL128_MAX_PRECISION, *scale),
        other => other.clone(),
    };
    rows.schema.fields().iter().map(|field| widest(field.data_type())).collect()
}
