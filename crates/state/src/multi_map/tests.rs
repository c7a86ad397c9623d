//! Laws of the multimap against a map from (key, row) to weight.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use levada_base::codes;
use proptest::prelude::*;

use super::{KeyTotal, MatchCursor, Matches, MultiMap};
use crate::slots::NO_SLOT;
use crate::testing::row_text;

/// One change: key, number and text of the row, weight.
type Change = (u8, u8, u8, i64);
type Row = Vec<String>;

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<Change>),
    Change(Vec<Change>),
    RemoveKey(u8),
    Expire(i64),
    Restore,
}

fn changes(rows: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec((0..12u8, 0..20u8, 0..3u8, -2..=2i64), rows)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => changes(0..80).prop_map(Step::Append),
        3 => changes(0..80).prop_map(Step::Change),
        1 => changes(1000..1500).prop_map(Step::Change),
        1 => (0..12u8).prop_map(Step::RemoveKey),
        1 => (-5..25i64).prop_map(Step::Expire),
        1 => Just(Step::Restore),
    ]
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true), Field::new("t", DataType::Utf8View, false)]))
}

const KEY: [(DataType, bool); 1] = [(DataType::Int64, false)];

fn keys(keys: impl Iterator<Item = u8>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(keys.map(i64::from)))
}

fn batch(changes: &[Change]) -> RecordBatch {
    let number = |change: &Change| (change.1 != 0).then_some(i64::from(change.1));
    let text = |change: &Change| ["", "short", "a text that is not inside its view"][change.2 as usize];
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter(changes.iter().map(number))),
        Arc::new(StringViewArray::from_iter_values(changes.iter().map(text))),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

struct Pair {
    map: MultiMap,
    model: BTreeMap<(u8, Row), i64>,
}

impl Pair {
    fn apply(&mut self, changes: &[Change], append: bool) {
        let weights: Vec<i64> = changes.iter().map(|change| change.3).collect();
        let batch = batch(changes);
        let weights = (!append).then_some(&weights[..]);
        self.map.apply(&[keys(changes.iter().map(|change| change.0))], &batch, weights).unwrap();
        for (row, change) in changes.iter().enumerate() {
            let entry = (change.0, row_text(batch.columns(), row));
            *self.model.entry(entry).or_default() += weights.map_or(1, |weights| weights[row]);
        }
        self.model.retain(|_, weight| *weight != 0);
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Append(changes) => self.apply(changes, true),
            Step::Change(changes) => self.apply(changes, false),
            Step::RemoveKey(key) => {
                let mut found = Vec::new();
                self.map.keys.find(&[keys([*key].into_iter())], &mut found).unwrap();
                for key in found.into_iter().filter(|key| *key != NO_SLOT) {
                    let slots = self.map.lists.get(key).to_vec();
                    self.map.remove_rows(&slots);
                }
                self.model.retain(|(other, _), _| other != key);
            }
            Step::Expire(bound) => {
                self.map.expire(*bound);
                self.model
                    .retain(|(_, row), _| row[0] == "NULL" || row[0].trim_matches('\'').parse::<i64>().unwrap() >= *bound);
            }
            Step::Restore => {
                self.map = MultiMap::restore(&KEY, schema(), Some(0), &self.map.snapshot().unwrap()).unwrap();
            }
        }
    }

    fn check(&self) {
        let probe: Vec<u8> = (0..13).collect();
        let mut matches = Matches::default();
        self.map.probe(&[keys(probe.iter().copied())], &mut matches).unwrap();
        assert!(matches.left_rows.is_sorted());
        let rows = self.map.rows().gather(&matches.slots, None).unwrap();
        let mut found: BTreeMap<(u8, Row), i64> = BTreeMap::new();
        for (index, left) in matches.left_rows.iter().enumerate() {
            assert_ne!(matches.weights[index], 0);
            assert_eq!(matches.weights[index], self.map.weight(matches.slots[index]));
            *found.entry((probe[*left as usize], row_text(&rows, index))).or_default() += matches.weights[index];
        }
        assert_eq!(found, self.model);
        assert_eq!(self.map.len(), matches.slots.len());
        self.check_totals(&probe, &matches);
    }

    fn check_totals(&self, probe: &[u8], matches: &Matches) {
        let mut totals = Vec::new();
        self.map.count(&[keys(probe.iter().copied())], &mut totals).unwrap();
        for (left, total) in totals.iter().enumerate() {
            let of_key = |(key, _): &(&(u8, Row), &i64)| key.0 == probe[left];
            let weight = self.model.iter().filter(of_key).map(|(_, weight)| weight).sum();
            let rows = matches.left_rows.iter().filter(|row| **row as usize == left).count();
            assert_eq!(*total, KeyTotal { rows, weight });
        }
        assert_eq!(self.map.keys.len(), totals.iter().filter(|total| total.rows > 0).count());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn behaves_as_a_map_of_weights(steps in prop::collection::vec(step(), 1..15)) {
        let map = MultiMap::new(&KEY, schema()).unwrap().with_expiry(0).unwrap();
        let mut pair = Pair { map, model: BTreeMap::new() };
        for step in &steps {
            pair.step(step);
            pair.check();
        }
    }

    #[test]
    fn the_log_follows_every_entry(batches in prop::collection::vec((changes(0..60), any::<bool>()), 1..8)) {
        let mut pair = Pair { map: MultiMap::new(&KEY, schema()).unwrap().with_log(), model: BTreeMap::new() };
        let mut weights: BTreeMap<u32, i64> = BTreeMap::new();
        for (changes, append) in &batches {
            pair.apply(changes, *append);
            let log = pair.map.log().unwrap();
            for merged in log.merged() {
                *weights.get_mut(&merged.into).unwrap() += weights.remove(&merged.from).unwrap();
            }
            for change in log.changes() {
                prop_assert_eq!(weights.remove(&change.slot).unwrap_or(0), change.before);
                if change.after != 0 {
                    weights.insert(change.slot, change.after);
                }
            }
            let stored = pair.map.rows().live_slots().map(|slot| (slot, pair.map.weight(slot)));
            prop_assert_eq!(&weights, &stored.collect::<BTreeMap<_, _>>());
        }
    }

    #[test]
    fn pieces_of_a_probe_are_the_probe(changes in changes(0..200), limit in 1..20usize) {
        let mut pair = Pair { map: MultiMap::new(&KEY, schema()).unwrap(), model: BTreeMap::new() };
        pair.apply(&changes, false);
        let (mut whole, mut piece, mut all) = (Matches::default(), Matches::default(), Matches::default());
        let probe = [keys((0..13).chain([3, 3]))];
        pair.map.probe(&probe, &mut whole).unwrap();
        let (mut found, mut cursor) = (Vec::new(), MatchCursor::default());
        pair.map.find(&probe, 15, &mut found).unwrap();
        while pair.map.next_matches(&found, &mut cursor, limit, &mut piece) {
            prop_assert!(piece.slots.len() <= limit);
            all.left_rows.append(&mut piece.left_rows);
            all.slots.append(&mut piece.slots);
            all.weights.append(&mut piece.weights);
        }
        prop_assert_eq!(all, whole);
    }

    #[test]
    fn a_change_and_its_negation_leave_nothing(changes in changes(0..300), before in changes(0..50)) {
        let mut pair = Pair { map: MultiMap::new(&KEY, schema()).unwrap(), model: BTreeMap::new() };
        pair.apply(&before, true);
        let model = pair.model.clone();
        let rows = pair.map.len();
        pair.apply(&changes, false);
        let negated: Vec<Change> = changes.iter().rev().map(|(key, n, t, weight)| (*key, *n, *t, -weight)).collect();
        pair.apply(&negated, false);
        pair.check();
        prop_assert_eq!(&pair.model, &model);
        prop_assert!(pair.map.len() <= rows);
    }
}

#[test]
fn equal_rows_of_one_batch_are_one_entry_once_changes_come() {
    let mut pair = Pair { map: MultiMap::new(&KEY, schema()).unwrap(), model: BTreeMap::new() };
    pair.apply(&[(1, 2, 0, 1), (1, 2, 0, 1), (1, 2, 0, -3), (2, 2, 0, 1), (1, 2, 0, 2)], false);
    pair.check();
    assert_eq!(pair.map.len(), 2);
}

#[test]
fn a_row_of_a_hot_key_is_removed_without_a_walk() {
    // 100,000 rows under one key, all of them removed in the worst order for a list: quadratic work would take minutes.
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..100_000));
    let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![numbers]).unwrap();
    let key: ArrayRef = Arc::new(Int64Array::from(vec![7; 100_000]));
    let mut map = MultiMap::new(&KEY, schema).unwrap();
    map.apply(&[Arc::clone(&key)], &batch, None).unwrap();
    assert_eq!(map.len(), 100_000);
    map.apply(&[key], &batch, Some(&vec![-1; 100_000])).unwrap();
    assert_eq!((map.len(), map.keys.len()), (0, 0));
}

#[test]
fn rows_fall_due_by_their_time_once() {
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    let schema = Arc::new(Schema::new(vec![Field::new("ts", time, true)]));
    let mut map = MultiMap::new(&KEY, Arc::clone(&schema)).unwrap().with_expiry(0).unwrap();
    let times = vec![Some(3_000_000), Some(-1), None, Some(1_048_576), Some(1_048_575), Some(1_048_577)];
    let key: ArrayRef = Arc::new(Int64Array::from(vec![1; times.len()]));
    let batch = RecordBatch::try_new(schema, vec![Arc::new(TimestampMicrosecondArray::from(times))]).unwrap();
    map.apply(&[key], &batch, None).unwrap();
    let mut slots = Vec::new();
    map.due(1_048_577, &mut slots);
    assert_eq!(slots, [1, 3, 4]);
    map.due(1_048_577, &mut slots);
    assert!(slots.is_empty());
    assert_eq!((map.expire(1_048_578), map.len()), (1, 5));
}

#[test]
fn no_key_columns_join_every_row() {
    let mut map = MultiMap::new(&[], schema()).unwrap();
    let changes = [(0, 1, 0, 1), (0, 2, 0, 1), (0, 1, 0, -1)];
    map.apply(&[], &batch(&changes), Some(&[1, 1, -1])).unwrap();
    let mut matches = Matches::default();
    map.probe(&[], &mut matches).unwrap();
    assert_eq!((matches.left_rows, matches.weights), (vec![0], vec![1]));
}

#[test]
fn expiry_needs_a_column_and_an_empty_map() {
    assert_eq!(MultiMap::new(&KEY, schema()).unwrap().with_expiry(9).err().unwrap().code(), codes::LV_S999);
    let mut map = MultiMap::new(&KEY, schema()).unwrap();
    map.apply(&[keys([1].into_iter())], &batch(&[(1, 1, 1, 1)]), None).unwrap();
    assert_eq!(map.with_expiry(0).err().unwrap().code(), codes::LV_S999);
}
