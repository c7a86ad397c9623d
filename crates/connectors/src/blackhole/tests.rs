use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};

use super::*;
use crate::testing::context;

fn rows(numbers: &[i64]) -> RecordBatch {
    RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(numbers.to_vec())) as ArrayRef)]).unwrap()
}

fn total(batches: &[&[i64]], digest: &str) -> Total {
    let totals = Totals::default();
    let connector = BlackholeConnector::new(totals.clone());
    let options = Options::of(&[("digest", digest), ("name", "here")]);
    let spec = SinkSpec { schema: rows(&[]).schema(), options, format: None };
    let mut sink = connector.open_sink(&spec, &context()).unwrap();
    for (batch, epoch) in batches.iter().zip(1..) {
        sink.write(Epoch(epoch), &rows(batch)).unwrap();
        assert!(totals.get("here").committed_rows < totals.get("here").rows);
        sink.commit(Epoch(epoch)).unwrap();
        sink.commit(Epoch(epoch)).unwrap();
    }
    sink.close().unwrap();
    assert_eq!(totals.get("elsewhere"), Total::default());
    totals.get("here")
}

#[test]
fn rows_are_counted_and_digested_whatever_their_order() {
    let one = total(&[&[1, 2, 3]], "true");
    assert_eq!((one.rows, one.committed_rows, one.committed), (3, 3, Epoch(1)));
    assert_eq!(total(&[&[3], &[2, 1]], "true").digest, one.digest);
    assert_ne!(total(&[&[1, 2, 4]], "true").digest, one.digest);
    assert_ne!(total(&[&[1, 2, 3, 3]], "true").digest, one.digest);
    assert_eq!(total(&[&[1, 2, 3]], "false").digest, 0);
}

#[test]
fn options_are_checked_and_it_is_no_source() {
    let connector = || Arc::new(BlackholeConnector::default());
    levada_connect::conformance::options(OPTIONS, &[], &[], |options| {
        context().registry.check(connector(), options, None).map(drop)
    });
    let spec = SourceSpec { schema: None, options: Options::default(), format: None };
    assert_eq!(connector().open_source(&spec, &context()).err().unwrap().code(), levada_base::codes::LV_C006);
}
