//! Runs one operator over histories and holds it to its model.

use arrow::datatypes::SchemaRef;
use levada_base::{Epoch, ObjectId, Result};

use super::history::{History, add};
use super::value::{Row, ZSet, delta_of, rows_of};
use crate::ops::OpSpec;
use crate::ops::input::InputSpec;
use crate::{EpochInput, Graph, GraphBuilder, NodeId, Pool, Route, Runtime, Stats};

const SHARDS: [usize; 3] = [1, 2, 4];

/// How an operator gives its changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// Netted: every row at most once in an epoch.
    Net,
    /// A row may come and go within an epoch.
    Eager,
}

/// One operator with the routes of its inputs.
pub(crate) struct Law {
    pub(crate) op: OpSpec,
    pub(crate) routes: Vec<Route>,
    pub(crate) schema: SchemaRef,
    pub(crate) output: Output,
}

impl Law {
    /// Asserts that after every epoch, on every number of shards, the operator's output adds up to `model` of its inputs' contents,
    /// and that no row ever has a negative weight.
    pub(crate) fn holds(&self, histories: &[History], model: impl Fn(&[ZSet]) -> ZSet) {
        for shards in SHARDS {
            self.follow(histories, shards, |at, contents, _, output| {
                assert_eq!(output, &model(contents), "after epoch {at} on {shards} shards");
            });
        }
    }

    /// Asserts that the operator keeps exactly `rows` rows once everything has been retracted again.
    pub(crate) fn drains(&self, histories: &[History], rows: u64) {
        let emptied: Vec<History> = histories.iter().cloned().map(History::then_emptied).collect();
        for shards in SHARDS {
            let stats = self.follow(&emptied, shards, |_, _, _, _| ());
            assert_eq!(stats.state_rows, rows, "state rows left on {shards} shards");
        }
    }

    /// Runs the histories on `shards` shards and calls `each(epoch, contents of the inputs, changes of the output, its content)`
    /// after every epoch. Gives what the operator holds in the end.
    pub(crate) fn follow(
        &self,
        histories: &[History],
        shards: usize,
        mut each: impl FnMut(usize, &[ZSet], &[(Row, i64)], &ZSet),
    ) -> Stats {
        let inputs: Vec<_> = histories.iter().map(|history| (history.schema.clone(), history.event_time)).collect();
        let graph = graph_of(&self.op, &inputs, &self.routes, &self.schema);
        let mut runtime = Runtime::new(graph, shards).expect("a graph that runs");
        let mut contents = vec![ZSet::new(); histories.len()];
        let mut output = ZSet::new();
        for epoch in 0..histories.iter().map(|history| history.epochs.len()).max().unwrap_or(0) {
            for (history, content) in histories.iter().zip(&mut contents) {
                let changes = history.epochs.get(epoch).into_iter().flat_map(|epoch| epoch.batches.iter().flatten());
                changes.for_each(|(row, weight)| add(content, row, *weight));
            }
            let changes = one_epoch(&mut runtime, epoch, histories).expect("an epoch without errors");
            self.take(&changes, &mut output, epoch);
            each(epoch, &contents, &changes, &output);
        }
        runtime.stats().last().expect("the operator").1
    }

    fn take(&self, changes: &[(Row, i64)], output: &mut ZSet, epoch: usize) {
        if self.output == Output::Net {
            let mut seen = std::collections::BTreeSet::new();
            for (row, weight) in changes {
                assert!(*weight != 0, "epoch {epoch} says nothing about {row:?}");
                assert!(seen.insert(row), "epoch {epoch} gives {row:?} twice");
            }
        }
        changes.iter().for_each(|(row, weight)| add(output, row, *weight));
        assert!(
            output.values().all(|weight| *weight > 0),
            "a row that was never there is gone after epoch {epoch}: {output:?}"
        );
    }
}

/// Runs epoch `epoch` of the histories and gives the changes of the result.
pub(crate) fn one_epoch(runtime: &mut Runtime, epoch: usize, histories: &[History]) -> Result<Vec<(Row, i64)>> {
    let input = |(node, history): (usize, &History)| {
        let epoch = history.epochs.get(epoch)?;
        let changes = epoch.batches.iter().map(|changes| delta_of(&history.schema, changes)).collect();
        Some(EpochInput { node: NodeId(node), changes, watermark: epoch.watermark })
    };
    let inputs = histories.iter().enumerate().filter_map(input).collect();
    let changes = runtime.run_epoch(Epoch(epoch as u64 + 1), inputs, &Pool::inline())?;
    Ok(changes.iter().flat_map(rows_of).collect())
}

/// One operator over its inputs, which are the first nodes.
pub(crate) fn graph_of(op: &OpSpec, inputs: &[(SchemaRef, Option<usize>)], routes: &[Route], output: &SchemaRef) -> Graph {
    let mut builder = GraphBuilder::default();
    let mut edges = Vec::new();
    for ((at, (schema, event_time)), route) in inputs.iter().enumerate().zip(routes) {
        let spec = InputSpec { object: ObjectId(at as u64), relation: format!("input_{at}"), event_time: *event_time };
        edges.push((builder.add(OpSpec::Input(spec), vec![], schema.clone(), false), route.clone()));
    }
    let top = builder.add(op.clone(), edges, output.clone(), false);
    builder.finish(top).expect("a graph that fits")
}
