//! The shared data set in memory: the rows of some tables, in the order in which their events happened.
//!
//! It is cut by event number, not by table: a slice holds what a run of consecutive events gave each table, as a program that reads
//! one log of events would push it.

use arrow::array::RecordBatch;
use levada_connectors::nexmark::{Config, Generator, Table};

/// What some consecutive events gave each table.
#[derive(Debug)]
pub struct Slice {
    /// Only tables with rows, in the order asked for.
    pub batches: Vec<(Table, RecordBatch)>,
}

/// The rows of the tables that a query reads.
#[derive(Debug)]
pub struct DataSet {
    pub slices: Vec<Slice>,
}

impl DataSet {
    /// The first `events` events with the generator's usual seed and rate, in slices of `slice_events`.
    pub fn generate(events: u64, slice_events: u64, tables: &[Table]) -> Self {
        let generator = Generator::new(Config::default());
        let slice_events = slice_events.max(1);
        let cuts = (0..events).step_by(usize::try_from(slice_events).unwrap_or(usize::MAX));
        let slices = cuts.map(|from| {
            let to = events.min(from + slice_events);
            let rows_of = |table: Table| {
                let columns: Vec<usize> = (0..table.schema().fields().len()).collect();
                (table, generator.batch(table, table.rows(from)..table.rows(to), &columns))
            };
            let batches = tables.iter().copied().map(rows_of).filter(|(_, batch)| batch.num_rows() > 0);
            Slice { batches: batches.collect() }
        });
        Self { slices: slices.collect() }
    }

    /// All batches of one table.
    pub fn table(&self, table: Table) -> Vec<RecordBatch> {
        let of_table = |slice: &Slice| slice.batches.iter().find(|(known, _)| *known == table).map(|(_, batch)| batch.clone());
        self.slices.iter().filter_map(of_table).collect()
    }
}

/// The name of a table in SQL.
pub fn name(table: Table) -> &'static str {
    match table {
        Table::Bid => "bid",
        Table::Auction => "auction",
        Table::Person => "person",
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;

    use super::*;

    const ALL: [Table; 3] = [Table::Bid, Table::Auction, Table::Person];

    fn seqs(batch: &RecordBatch) -> Vec<i64> {
        batch.column_by_name("seq").expect("every table has it").as_primitive::<Int64Type>().values().to_vec()
    }

    #[test]
    fn every_event_is_in_the_slice_of_its_number_once() {
        for (events, slice_events) in [(1000, 64), (127, 50), (49, 1000), (3, 1), (0, 8)] {
            let data = DataSet::generate(events, slice_events, &ALL);
            let mut from = 0;
            for slice in &data.slices {
                let mut found: Vec<i64> = slice.batches.iter().flat_map(|(_, batch)| seqs(batch)).collect();
                found.sort_unstable();
                let to = (from + slice_events).min(events);
                assert_eq!(found, (from as i64..to as i64).collect::<Vec<_>>(), "{events} events by {slice_events}");
                from = to;
            }
            assert_eq!(from, events);
        }
    }

    #[test]
    fn a_table_is_the_same_however_it_is_cut() {
        let whole = DataSet::generate(500, 500, &ALL);
        let cut = DataSet::generate(500, 7, &ALL);
        for table in ALL {
            let parts = cut.table(table);
            assert_eq!(vec![arrow::compute::concat_batches(&table.schema(), &parts).unwrap()], whole.table(table));
        }
    }
}
