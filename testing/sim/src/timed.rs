//! A view that event time closes, beside the model of event time: the model fills the table that the second text reads.

use levada::{Database, Error};
use levada_model::{EventTime, Placed};

use crate::datum::{Datum, Type, batch};
use crate::query::Closing;
use crate::scenario::columns;

/// What the model has of one view.
pub(crate) struct Timed {
    closing: Closing,
    time: EventTime,
    /// Rows of the source, by the number they came with.
    rows: Vec<Vec<Datum>>,
    /// What the table has.
    written: Vec<Placed>,
}

impl Timed {
    /// Creates the table.
    pub(crate) fn create(db: &Database, closing: &Closing) -> Result<Self, Error> {
        let bounds = "window_start TIMESTAMP, window_end TIMESTAMP";
        db.execute_blocking(&format!("CREATE TABLE {} ({}, {bounds})", closing.table, columns(&closing.columns)))?;
        let time = EventTime::new(closing.windows, closing.emits, Some(closing.lateness), closing.delay);
        Ok(Self { closing: closing.clone(), time, rows: Vec::new(), written: Vec::new() })
    }

    pub(crate) fn source(&self) -> &str {
        &self.closing.source
    }

    pub(crate) fn late(&self) -> usize {
        self.time.late()
    }

    /// Rows came into the source, in one epoch.
    pub(crate) fn epoch(&mut self, db: &Database, rows: &[Vec<Datum>]) -> Result<(), Error> {
        let first = self.rows.len();
        let time = |row: &Vec<Datum>| match row[self.closing.time] {
            Datum::Time(us) => Some(us),
            _ => None,
        };
        let came: Vec<(usize, Option<i64>)> = rows.iter().enumerate().map(|(at, row)| (first + at, time(row))).collect();
        self.rows.extend_from_slice(rows);
        self.time.epoch(&came);
        self.write(db)
    }

    /// The source has ended.
    pub(crate) fn end(&mut self, db: &Database) -> Result<(), Error> {
        self.time.end();
        self.write(db)
    }

    /// What is visible stays visible: only what is new is written.
    fn write(&mut self, db: &Database) -> Result<(), Error> {
        let visible = self.time.visible();
        let new: Vec<Vec<Datum>> =
            visible.iter().filter(|placed| !self.written.contains(placed)).map(|placed| self.row(placed)).collect();
        self.written = visible;
        if new.is_empty() {
            return Ok(());
        }
        let types: Vec<Type> = self.closing.columns.iter().copied().chain([Type::Time, Type::Time]).collect();
        let batch = batch(&types, &new);
        let width = self.closing.columns.len();
        let names = (0..width).map(|at| format!("c{at}")).chain(["window_start".to_owned(), "window_end".to_owned()]);
        let named = names.zip(batch.columns().iter().cloned()).map(|(name, column)| (name, column, true));
        let batch = arrow::array::RecordBatch::try_from_iter_with_nullable(named).expect("the same columns under other names");
        futures::executor::block_on(db.insert(&self.closing.table, batch)).map(drop)
    }

    fn row(&self, placed: &Placed) -> Vec<Datum> {
        let bounds = [Datum::Time(placed.start), Datum::Time(placed.end)];
        self.rows[placed.row].iter().cloned().chain(bounds).collect()
    }
}
