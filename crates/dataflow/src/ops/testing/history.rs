//! Random histories of one input: valid relations at the end of every epoch, anything in between.

use arrow::datatypes::SchemaRef;
use levada_base::Watermark;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::value::{Row, Value, ZSet};

const EPOCHS_MAX: usize = 6;
const STEPS_PER_EPOCH_MAX: usize = 14;
const BATCH_ROWS_MAX: usize = 6;

/// What one input says, epoch by epoch.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) schema: SchemaRef,
    /// The column that watermarks speak of.
    pub(crate) event_time: Option<usize>,
    pub(crate) epochs: Vec<HistoryEpoch>,
}

/// The changes of one epoch, cut into batches, and the watermark at its end.
#[derive(Debug, Clone)]
pub(crate) struct HistoryEpoch {
    pub(crate) batches: Vec<Vec<(Row, i64)>>,
    pub(crate) watermark: Watermark,
}

impl History {
    /// The content after the last epoch.
    pub(crate) fn content(&self) -> ZSet {
        let mut content = ZSet::new();
        for (row, weight) in self.epochs.iter().flat_map(|epoch| epoch.batches.iter().flatten()) {
            add(&mut content, row, *weight);
        }
        content
    }

    /// The same, followed by an epoch that retracts whatever is left.
    pub(crate) fn then_emptied(mut self) -> Self {
        let rest = self.content().into_iter().map(|(row, weight)| (row, -weight)).collect();
        self.epochs.push(HistoryEpoch { batches: vec![rest], watermark: Watermark::END });
        self
    }

    /// The same with these watermarks at the ends of the epochs; the last one stays from then on.
    pub(crate) fn with_watermarks(mut self, event_time: usize, watermarks: &[i64]) -> Self {
        self.event_time = Some(event_time);
        for (at, epoch) in self.epochs.iter_mut().enumerate() {
            epoch.watermark = watermarks.get(at).or(watermarks.last()).map_or(Watermark::NONE, |time| Watermark(*time));
        }
        self
    }
}

/// Adds `weight` to a row's weight in `content`.
pub(super) fn add(content: &mut ZSet, row: &Row, weight: i64) {
    let total = content.entry(row.clone()).or_default();
    *total += weight;
    if *total == 0 {
        content.remove(row);
    }
}

/// Inserts, retractions of live rows, updates, rows that come and go within an epoch, duplicates, weights of ±2 and of 0; shuffled
/// within the epoch, so that a retraction may come before its insert. Every column draws from its pool.
pub(crate) fn changing(schema: &SchemaRef, pools: Vec<Vec<Value>>) -> impl Strategy<Value = History> + use<> {
    history(schema, pools, 12)
}

/// Inserts only, of weight 1 or 2.
pub(crate) fn append_only(schema: &SchemaRef, pools: Vec<Vec<Value>>) -> impl Strategy<Value = History> + use<> {
    history(schema, pools, 5)
}

/// One random step: what to do (the lowest kinds only insert), with which row, to which live row, and two places in the epoch.
type Step = (u8, Row, Index, [u64; 2]);

fn history(schema: &SchemaRef, pools: Vec<Vec<Value>>, kinds: u8) -> impl Strategy<Value = History> + use<> {
    let schema = schema.clone();
    let row = pools.into_iter().map(select).collect::<Vec<_>>();
    let step = (0..kinds, row, any::<Index>(), any::<[u64; 2]>());
    let epoch = (prop::collection::vec(step, 0..STEPS_PER_EPOCH_MAX), prop::collection::vec(1..=BATCH_ROWS_MAX, 1..4));
    prop::collection::vec(epoch, 1..=EPOCHS_MAX).prop_map(move |epochs| {
        let mut content = ZSet::new();
        let epochs = epochs.into_iter().map(|(steps, cuts)| {
            let changes = take_steps(steps, &mut content);
            HistoryEpoch { batches: cut(changes, &cuts), watermark: Watermark::END }
        });
        History { schema: schema.clone(), event_time: None, epochs: epochs.collect() }
    })
}

fn take_steps(steps: Vec<Step>, content: &mut ZSet) -> Vec<(Row, i64)> {
    let mut placed: Vec<(u64, Row, i64)> = Vec::new();
    for (kind, row, pick, [first, second]) in steps {
        let live = (!content.is_empty()).then(|| content.iter().nth(pick.index(content.len())).expect("in bounds"));
        let live = live.map(|(row, weight)| (row.clone(), *weight));
        let mut change = |place, row: Row, weight| {
            add(content, &row, weight);
            placed.push((place, row, weight));
        };
        match (kind, live) {
            (0..=3, _) | (_, None) => change(first, row, 1),
            (4, _) => change(first, row, 2),
            (5, Some(_)) => change(first, row, 0),
            (6, Some(_)) => {
                change(first, row.clone(), 1);
                change(second, row, -1);
            }
            (7, Some((old, weight))) => change(first, old, -weight.min(2)),
            (8 | 9, Some((old, _))) => change(first, old, -1),
            (_, Some((old, _))) => {
                change(first, old, -1);
                change(second, row, 1);
            }
        }
    }
    placed.sort_by_key(|(place, _, _)| *place);
    placed.into_iter().map(|(_, row, weight)| (row, weight)).collect()
}

fn cut(mut changes: Vec<(Row, i64)>, cuts: &[usize]) -> Vec<Vec<(Row, i64)>> {
    let mut batches = Vec::new();
    for rows in cuts.iter().cycle() {
        if changes.is_empty() {
            break;
        }
        let rest = changes.split_off((*rows).min(changes.len()));
        batches.push(std::mem::replace(&mut changes, rest));
    }
    batches
}
