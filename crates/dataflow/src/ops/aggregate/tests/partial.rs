//! Two steps give what one step gives: over rows, and over panes of hopping windows.

use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef};
use levada_base::ObjectId;
use proptest::prelude::*;

use super::super::{
    AggregateCall, AggregateFunction, AggregateSpec, Close, Emission, MergeAggregateSpec, PartialAggregateSpec,
};
use super::model::aggregate;
use super::{FILTER, FLAG, FLOAT, NUMBER, TIMES, call, input, law, plain_calls, pools};
use crate::ops::OpSpec;
use crate::ops::input::InputSpec;
use crate::ops::testing::{History, Row, Value, ZSet, append_only, changing, ints, one_epoch, schema, texts};
use crate::ops::window::WindowSpec;
use crate::{Discards, GraphBuilder, NodeId, Route, Runtime};

/// A graph under construction with the columns of its last node.
struct Chain {
    builder: GraphBuilder,
    last: NodeId,
    schema: SchemaRef,
}

impl Chain {
    fn new(schema: &SchemaRef, event_time: Option<usize>) -> Self {
        let mut builder = GraphBuilder::default();
        let spec = InputSpec { object: ObjectId(0), relation: "input".to_owned(), event_time };
        let last = builder.add(OpSpec::Input(spec), vec![], schema.clone(), false);
        Self { builder, last, schema: schema.clone() }
    }

    fn then(mut self, op: OpSpec, route: Route, schema: SchemaRef) -> Self {
        self.last = self.builder.add(op, vec![(self.last, route)], schema.clone(), false);
        self.schema = schema;
        self
    }

    fn window(self, spec: WindowSpec) -> Self {
        let time = self.schema.field(spec.time).data_type().clone();
        let bounds = schema(&[("window_start", time.clone()), ("window_end", time)]);
        let columns: Vec<_> = self.schema.fields().iter().chain(bounds.fields()).cloned().collect();
        self.then(OpSpec::Window(spec), Route::Local, Arc::new(Schema::new(columns)))
    }

    fn partial(self, spec: PartialAggregateSpec) -> Self {
        let parts = spec.schema(&self.schema).expect("calls that are maintained").expect("calls that can be taken apart");
        self.then(OpSpec::PartialAggregate(spec), Route::Local, parts)
    }

    fn runtime(self, shards: usize) -> Runtime {
        Runtime::new(self.builder.finish(self.last).expect("a graph that fits"), shards).expect("a graph that runs")
    }
}

/// Runs a history and gives the content of the result after every epoch.
fn contents(runtime: &mut Runtime, history: &History) -> Vec<ZSet> {
    let mut content = ZSet::new();
    let epochs = 0..history.epochs.len();
    let each = epochs.map(|epoch| {
        for (row, weight) in one_epoch(runtime, epoch, std::slice::from_ref(history)).expect("an epoch without errors") {
            add(&mut content, row, weight);
        }
        content.clone()
    });
    each.collect()
}

fn add(content: &mut ZSet, row: Row, weight: i64) {
    let total = content.entry(row.clone()).or_default();
    *total += weight;
    if *total == 0 {
        content.remove(&row);
    }
}

/// The calls that can be taken apart, plainly and with a filter.
fn divisible_calls(append_only_input: bool) -> Vec<AggregateCall> {
    let is_divisible = |call: &AggregateCall| {
        let spec = PartialAggregateSpec { keys: vec![0], calls: vec![call.clone()], append_only_input };
        spec.schema(&input()).expect("calls that are maintained").is_some()
    };
    let plain = plain_calls().into_iter().filter(is_divisible);
    plain.flat_map(|call| [call.clone(), AggregateCall { filter: Some(FILTER), ..call }]).collect()
}

fn check(keys: &[usize], append_only_input: bool, history: &History) {
    let calls = divisible_calls(append_only_input);
    let law = law(&input(), keys, calls.clone(), Emission::Changes, append_only_input);
    let OpSpec::Aggregate(spec) = law.op else { panic!("an aggregate") };
    let merge = MergeAggregateSpec {
        aggregate: AggregateSpec { keys: (0..keys.len()).collect(), ..spec },
        rows: input(),
        first: keys.len(),
    };
    let route = if keys.is_empty() { Route::Single } else { Route::Hash(merge.aggregate.keys.clone()) };
    for shards in [1, 2, 4] {
        let partial = PartialAggregateSpec { keys: keys.to_vec(), calls: calls.clone(), append_only_input };
        let chain = Chain::new(&input(), None).partial(partial);
        let merged = chain.then(OpSpec::MergeAggregate(merge.clone()), route.clone(), law.schema.clone());
        let found = contents(&mut merged.runtime(shards), history);
        let mut content = ZSet::new();
        for (at, epoch) in history.epochs.iter().enumerate() {
            epoch.batches.iter().flatten().for_each(|(row, weight)| add(&mut content, row.clone(), *weight));
            assert_eq!(found[at], aggregate(keys, &calls, &content), "after epoch {at} on {shards} shards");
        }
    }
}

#[test]
fn what_can_be_taken_apart() {
    use AggregateFunction as F;
    let is_divisible = |call: AggregateCall, append_only| divisible_calls(append_only).contains(&call);
    assert!(is_divisible(call(F::Sum, &[NUMBER], DataType::Int64), false));
    assert!(is_divisible(call(F::BoolAnd, &[FLAG], DataType::Boolean), false));
    assert!(is_divisible(call(F::Min, &[NUMBER], DataType::Int64), true));
    assert!(!is_divisible(call(F::Min, &[NUMBER], DataType::Int64), false), "the next smallest is not in the parts");
    assert!(!is_divisible(call(F::Sum, &[FLOAT], DataType::Float64), true), "parts of float sums would be rounded");
}

fn events() -> SchemaRef {
    schema(&[("time", TIMES), ("key", DataType::Utf8View), ("value", DataType::Int64)])
}

fn event_pools() -> Vec<Vec<Value>> {
    vec![ints(-3..25), texts()[..2].to_vec(), ints(0..3)]
}

fn divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// Hopping windows by key, first row by row and then by panes, with the discards of each.
fn hop(
    history: &History,
    window: &WindowSpec,
    lateness: i64,
    append_only_input: bool,
    shards: usize,
) -> [(Vec<ZSet>, Discards); 2] {
    let calls = vec![call(AggregateFunction::Count, &[], DataType::Int64), call(AggregateFunction::Sum, &[2], DataType::Int64)];
    let emission = Emission::OnClose(Close { key: 0, delay: window.size, lateness });
    let output =
        schema(&[("window_start", TIMES), ("key", DataType::Utf8View), ("rows", DataType::Int64), ("sum", DataType::Int64)]);
    let spec = |keys: Vec<usize>| AggregateSpec { keys, calls: calls.clone(), emission, append_only_input };

    let by_rows = Chain::new(&events(), Some(0)).window(window.clone());
    let by_rows = by_rows.then(OpSpec::Aggregate(spec(vec![3, 1])), Route::Hash(vec![3, 1]), output.clone());

    let pane = divisor(window.size, window.slide);
    let panes = Chain::new(&events(), Some(0)).window(WindowSpec { size: pane, slide: pane, ..window.clone() });
    let rows = panes.schema.clone();
    let parts = panes.partial(PartialAggregateSpec { keys: vec![3, 1], calls: calls.clone(), append_only_input });
    let width = parts.schema.fields().len();
    let windows = parts.window(WindowSpec { time: 0, ..window.clone() });
    let merge = MergeAggregateSpec { aggregate: spec(vec![width, 1]), rows, first: 2 };
    let by_panes = windows.then(OpSpec::MergeAggregate(merge), Route::Hash(vec![width, 1]), output);

    [by_rows, by_panes].map(|chain| {
        let mut runtime = chain.runtime(shards);
        let contents = contents(&mut runtime, history);
        let discards = runtime.stats().iter().fold(Discards::default(), |sum, (_, stats)| Discards {
            late: sum.late + stats.discards.late,
            null_event_time: sum.null_event_time + stats.discards.null_event_time,
        });
        (contents, discards)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn parts_of_changing_input_add_up(history in changing(&input(), pools())) {
        check(&[0], false, &history);
        check(&[], false, &history);
    }

    #[test]
    fn parts_of_append_only_input_add_up(history in append_only(&input(), pools())) {
        check(&[0], true, &history);
    }

    #[test]
    fn panes_give_what_rows_give(
        history in append_only(&events(), event_pools()), size in 1_i64..13, slide in 1_i64..9, offset in 0_i64..4, lateness in 0_i64..4,
        watermarks in prop::collection::vec(0_i64..40, 1..7), shards in 1_usize..4,
    ) {
        let mut watermarks = watermarks;
        watermarks.sort_unstable();
        let history = history.with_watermarks(0, &watermarks);
        let window = WindowSpec { time: 0, size, slide, offset };
        let [by_rows, by_panes] = hop(&history, &window, lateness, true, shards);
        prop_assert_eq!(by_rows, by_panes);
    }

    #[test]
    fn panes_of_changing_input_give_what_rows_give(
        history in changing(&events(), event_pools()), size in 1_i64..13, slide in 1_i64..9, watermark in 0_i64..20,
    ) {
        let history = history.with_watermarks(0, &[watermark, watermark + 9, i64::MAX]);
        let window = WindowSpec { time: 0, size, slide, offset: 0 };
        // Changes that cancel within an epoch are late one by one as rows, and not at all as parts.
        let [(by_rows, _), (by_panes, _)] = hop(&history, &window, 2, false, 2);
        prop_assert_eq!(by_rows, by_panes);
    }
}
