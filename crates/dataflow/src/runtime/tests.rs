//! What a shard does when an operator breaks.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use levada_base::{Epoch, ObjectId, Result, Watermark, World, codes};
use levada_delta::DeltaBatch;

use super::{EpochInput, Pool, Runtime};
use crate::ops::input::InputSpec;
use crate::ops::map::{MapSpec, Step};
use crate::{GraphBuilder, OpSpec, Route, Scalar};

#[derive(Debug)]
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("broken")
    }
}

impl Scalar for Broken {
    fn evaluate(&self, _batch: &RecordBatch) -> Result<ArrayRef> {
        panic!("out of order")
    }
}

#[test]
fn a_panic_of_an_operator_is_an_error_of_the_epoch() {
    let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Int64, false)]));
    let input = OpSpec::Input(InputSpec { object: ObjectId(1), relation: "t".to_owned(), event_time: None });
    let filter = OpSpec::Map(MapSpec { steps: vec![Step::Filter(Arc::new(Broken))] });
    for shards in [1, 2] {
        let mut graph = GraphBuilder::default();
        let t = graph.add(input.clone(), Vec::new(), schema.clone(), true);
        let output = graph.add(filter.clone(), vec![(t, Route::Local)], schema.clone(), true);
        let mut runtime = Runtime::new(graph.finish(output).unwrap(), shards).unwrap();
        let pool = Pool::new(&World::real(), shards).unwrap();
        let rows = RecordBatch::try_new(schema.clone(), vec![Arc::new(Int64Array::from(vec![1]))]).unwrap();
        let changes = EpochInput { node: t, changes: vec![DeltaBatch::insertions(rows)], watermark: Watermark::NONE };
        let error = runtime.run_epoch(Epoch(1), vec![changes], &pool).unwrap_err();
        assert_eq!(error.code(), codes::LV_J006, "{error:?}");
        assert!(error.message().contains("out of order"), "{error:?}");
    }
}
