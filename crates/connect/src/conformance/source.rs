//! The laws of a source: order, positions, end.

use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use levada_base::Result;

use crate::{Fetch, FetchLimits, Fetched, Source, SourcePosition};

/// Rows that are compared after a restart, except at a few places where all are.
const LOOK_AHEAD_ROWS: usize = 16;
/// At one in so many restarts the source is read to its end.
const WHOLE_READ_EVERY: usize = 64;

/// Examines a bounded source of at least one row that can seek; `make` opens the same outside again and again. Laws:
///
/// - The rows do not depend on how many are asked for at once.
/// - Never more rows come than were asked for, and never none.
/// - Positions grow, and from each of them come exactly the rows after it; the default position is the start.
/// - An end stays an end, and seeking back from it works.
///
/// # Panics
/// Where a law is broken.
pub fn source(make: impl Fn() -> Box<dyn Source>) {
    let single = read(&mut *make(), 1).expect("read one by one");
    let expected = joined(&single);
    assert!(expected.num_rows() > 0, "the exam needs rows");
    for rows_max in [3, 7, 8192] {
        let rows = joined(&read(&mut *make(), rows_max).expect("read"));
        assert_eq!(rows, expected, "rows depend on the {rows_max} asked for at once");
    }
    let grows = single.windows(2).all(|pair| pair[0].position < pair[1].position);
    assert!(grows, "positions do not grow");
    assert!(SourcePosition::default() < single[0].position, "the first position is the start");
    for (at, fetched) in single.iter().enumerate() {
        let after = at + 1;
        let mut source = make();
        source.seek(&fetched.position).expect("seek");
        continues(&mut *source, &expected, after, after % WHOLE_READ_EVERY == 0);
    }
    end_and_back(&mut *make(), &single, &expected);
}

/// The rows that come next are those of `expected` from row `after` on.
fn continues(source: &mut dyn Source, expected: &RecordBatch, after: usize, to_the_end: bool) {
    let wanted = expected.num_rows() - after;
    let looked = if to_the_end { wanted } else { wanted.min(LOOK_AHEAD_ROWS) };
    let mut rows = Vec::new();
    let mut count = 0;
    while count < looked {
        let Some(fetched) = next(source, LOOK_AHEAD_ROWS).expect("read after a seek") else { break };
        count += fetched.batch.num_rows();
        rows.push(fetched.batch);
    }
    if wanted == 0 {
        assert!(next(source, 1).expect("read after a seek").is_none(), "rows come after the last one");
        return;
    }
    let found = concat_batches(&expected.schema(), &rows).expect("one schema");
    assert!(count >= looked, "only {count} of {wanted} rows come after row {after}");
    assert_eq!(found, expected.slice(after, count), "other rows come after row {after}");
}

fn end_and_back(source: &mut dyn Source, single: &[Fetched], expected: &RecordBatch) {
    read(source, 8192).expect("read");
    assert!(next(source, 1).expect("read at the end").is_none(), "the end is none");
    source.seek(&single[0].position).expect("seek back from the end");
    continues(source, expected, 1, true);
    source.seek(&SourcePosition::default()).expect("seek to the start");
    continues(source, expected, 0, true);
}

/// The next rows; `None` at the end. A bounded source in an exam has nothing to wait for.
fn next(source: &mut dyn Source, rows_max: usize) -> Result<Option<Fetched>> {
    match source.fetch(FetchLimits { rows_max, wait: Duration::ZERO })? {
        Fetch::End => Ok(None),
        Fetch::Nothing => panic!("a bounded source says that nothing is there yet"),
        Fetch::Rows(fetched) => {
            let rows = fetched.batch.num_rows();
            assert!(rows > 0 && rows <= rows_max, "{rows} rows came where {rows_max} were asked for");
            Ok(Some(fetched))
        }
    }
}

fn read(source: &mut dyn Source, rows_max: usize) -> Result<Vec<Fetched>> {
    std::iter::from_fn(|| next(source, rows_max).transpose()).collect()
}

fn joined(fetched: &[Fetched]) -> RecordBatch {
    let schema = fetched.first().expect("the exam needs rows").batch.schema();
    concat_batches(&schema, fetched.iter().map(|fetched| &fetched.batch)).expect("one schema")
}
