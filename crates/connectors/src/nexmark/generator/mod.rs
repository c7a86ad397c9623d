//! Rows from event numbers: pure, column by column.

mod auction;
mod bid;

mod person;
mod texts;

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, RecordBatchOptions, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::draw::Draws;
use texts::Texts;

/// What rows depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    pub seed: u64,
    /// Events of all three tables a second of event time; at least 1.
    pub event_rate: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { seed: 42, event_rate: 100_000 }
    }
}

/// The three tables. Of every 50 events the first is a person, the next three are auctions and the others bids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    Bid,
    Auction,
    Person,
}

const ROUND_EVENTS: u64 = 50;

/// 2026-01-01 00:00 UTC in microseconds.
const START_US: i64 = 1_767_225_600_000_000;

impl Table {
    /// Its first place in a round and how many it has.
    fn share(self) -> (u64, u64) {
        match self {
            Self::Person => (0, 1),
            Self::Auction => (1, 3),
            Self::Bid => (4, 46),
        }
    }

    /// The event number of row `row`.
    #[must_use]
    pub fn seq(self, row: u64) -> u64 {
        let (first, count) = self.share();
        row / count * ROUND_EVENTS + first + row % count
    }

    /// How many of the first `events` events are rows of this table.
    #[must_use]
    pub fn rows(self, events: u64) -> u64 {
        let (first, count) = self.share();
        events / ROUND_EVENTS * count + (events % ROUND_EVENTS).saturating_sub(first).min(count)
    }

    /// Its columns; none of them is ever NULL.
    #[must_use]
    pub fn schema(self) -> SchemaRef {
        const TIME: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);
        const NUMBER: DataType = DataType::Int64;
        const TEXT: DataType = DataType::Utf8View;
        let columns: &[(&str, DataType)] = match self {
            Self::Bid => &[
                ("seq", NUMBER),
                ("auction", NUMBER),
                ("bidder", NUMBER),
                ("price", NUMBER),
                ("channel", TEXT),
                ("url", TEXT),
                ("ts", TIME),
                ("extra", TEXT),
            ],
            Self::Auction => &[
                ("seq", NUMBER),
                ("id", NUMBER),
                ("item_name", TEXT),
                ("description", TEXT),
                ("initial_bid", NUMBER),
                ("reserve", NUMBER),
                ("ts", TIME),
                ("expires", TIME),
                ("seller", NUMBER),
                ("category", NUMBER),
                ("extra", TEXT),
            ],
            Self::Person => &[
                ("seq", NUMBER),
                ("id", NUMBER),
                ("name", TEXT),
                ("email", TEXT),
                ("credit_card", TEXT),
                ("city", TEXT),
                ("state", TEXT),
                ("ts", TIME),
                ("extra", TEXT),
            ],
        };
        let field = |(name, data_type): &(&str, DataType)| Field::new(*name, data_type.clone(), false);
        Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
    }
}

/// Makes rows. The same configuration gives the same rows.
#[derive(Debug)]
pub struct Generator {
    config: Config,
    draws: Draws,
    texts: Texts,
}

impl Generator {
    /// A generator of all three tables.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let config = Config { event_rate: config.event_rate.max(1), ..config };
        Self { config, draws: Draws::new(config.seed), texts: Texts::new() }
    }

    /// The rows `rows` of a table, counted from 0, with the columns at `columns` of [`Table::schema`].
    ///
    /// # Panics
    /// If a column does not exist: the caller's mistake.
    #[must_use]
    pub fn batch(&self, table: Table, rows: Range<u64>, columns: &[usize]) -> RecordBatch {
        let seqs: Vec<u64> = rows.map(|row| table.seq(row)).collect();
        let arrays: Vec<ArrayRef> = columns
            .iter()
            .map(|column| match table {
                Table::Bid => self.bid_column(*column, &seqs),
                Table::Auction => self.auction_column(*column, &seqs),
                Table::Person => self.person_column(*column, &seqs),
            })
            .collect();
        let schema = table.schema().project(columns).map(Arc::new);
        let options = RecordBatchOptions::new().with_row_count(Some(seqs.len()));
        schema
            .and_then(|schema| RecordBatch::try_new_with_options(schema, arrays, &options))
            .unwrap_or_else(|cause| unreachable!("the generator keeps to its own schema: {cause}"))
    }

    /// Event time of an event, in microseconds.
    fn time(&self, seq: u64) -> i64 {
        START_US + (u128::from(seq) * 1_000_000 / u128::from(self.config.event_rate)) as i64
    }

    /// A price or a first bid: evenly spread over six orders of magnitude.
    fn price(&self, seq: u64, lane: u64) -> i64 {
        (10_f64.powf(self.draws.fraction(seq, lane) * 6.0) * 100.0).round() as i64
    }
}

fn numbers(seqs: &[u64], of: impl Fn(u64) -> i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(seqs.iter().map(|seq| of(*seq))))
}

fn times(seqs: &[u64], of: impl Fn(u64) -> i64) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(seqs.iter().map(|seq| of(*seq))))
}

/// Persons that there are at an event, counted from 0: the number of the newest.
fn newest_person(seq: u64) -> u64 {
    seq / ROUND_EVENTS
}

/// Auctions that there are at an event that is no person, counted from 0: the number of the newest.
fn newest_auction(seq: u64) -> u64 {
    seq / ROUND_EVENTS * 3 + (seq % ROUND_EVENTS).saturating_sub(1).min(2)
}

/// Ids begin here.
const FIRST_ID: u64 = 1_000;
/// Ids are drawn up to so many beyond the newest: their rows are still to come.
const ID_LEAD: u64 = 10;
/// One in so many auctions and persons is hot while the next ones come.
const HOT_EVERY: u64 = 100;
const ACTIVE_PERSONS: u64 = 1_000;

impl Generator {
    /// A person among the active ones, or one of the next to come.
    fn any_person(&self, seq: u64, lane: u64) -> u64 {
        let count = newest_person(seq) + 1;
        let active = count.min(ACTIVE_PERSONS);
        FIRST_ID + count - active + self.draws.below(seq, lane, active + ID_LEAD)
    }
}
