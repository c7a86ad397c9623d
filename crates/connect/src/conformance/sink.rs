//! The laws of a sink: what was written is there, once, and not before it may be.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use levada_base::Epoch;
use std::sync::Arc;

use super::Sample;
use crate::{Delivery, Sink};

/// A sink into an outside of its own, and what that outside shows.
pub struct Examined {
    pub sink: Box<dyn Sink>,
    /// The rows that anyone outside sees.
    pub visible: Box<dyn Fn() -> Vec<RecordBatch>>,
}

/// Examines a sink; `make` opens one for rows of the given schema, in an outside that is empty. Laws:
///
/// - After a commit and a close, exactly the rows that were written are there, in their order.
/// - A commit or a close that is repeated changes nothing.
/// - With [`Delivery::TwoPhase`] nothing is there before a commit, or ever if the sink is dropped without one.
/// - Without a row there is nothing, and no error.
///
/// # Panics
/// Where a law is broken.
pub fn sink(delivery: Delivery, make: impl Fn(&SchemaRef) -> Examined) {
    let schema =
        Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false), Field::new("t", DataType::Utf8View, true)]));
    let sample = Sample::new(1);
    let batches: Vec<RecordBatch> = [3, 1, 40].into_iter().map(|rows| sample.rows(&schema, rows)).collect();
    let expected = concat_batches(&schema, &batches).expect("one schema");

    let Examined { mut sink, visible } = make(&schema);
    for (batch, epoch) in batches.iter().zip(1..) {
        let epoch = Epoch(epoch);
        let before = rows(&schema, &visible());
        sink.write(epoch, batch).expect("write");
        if delivery == Delivery::TwoPhase {
            assert_eq!(rows(&schema, &visible()), before, "rows are visible before the commit");
        }
        sink.commit(epoch).expect("commit");
        sink.commit(epoch).expect("commit again");
    }
    sink.close().expect("close");
    sink.close().expect("close again");
    drop(sink);
    assert_eq!(rows(&schema, &visible()), expected);

    let Examined { mut sink, visible } = make(&schema);
    sink.write(Epoch(1), &batches[0]).expect("write");
    drop(sink);
    if delivery == Delivery::TwoPhase {
        assert_eq!(rows(&schema, &visible()).num_rows(), 0, "rows that were never committed are visible");
    }

    let Examined { mut sink, visible } = make(&schema);
    sink.close().expect("close without a row");
    assert_eq!(rows(&schema, &visible()).num_rows(), 0);
}

fn rows(schema: &SchemaRef, batches: &[RecordBatch]) -> RecordBatch {
    concat_batches(schema, batches).expect("one schema")
}
