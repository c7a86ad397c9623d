//! Laws of the key index against a map from row text to slot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array, Int64Array, IntervalMonthDayNanoArray, ListArray};
use arrow::datatypes::{DataType, Field, Fields, Float64Type, IntervalMonthDayNanoType};
use levada_base::codes;
use proptest::prelude::*;

use super::KeyIndex;
use crate::testing::{ColumnChoice, Picks, choose, columns, row_text, rows};
use crate::{NO_SLOT, hash_rows, key_group};

#[derive(Debug, Clone)]
enum Step {
    Upsert(Vec<Picks>),
    Find(Vec<Picks>),
    Remove(Vec<prop::sample::Index>),
    Restore,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => rows().prop_map(Step::Upsert),
        2 => rows().prop_map(Step::Find),
        2 => prop::collection::vec(any::<prop::sample::Index>(), 0..60).prop_map(Step::Remove),
        1 => Just(Step::Restore),
    ]
}

fn choices() -> impl Strategy<Value = Vec<ColumnChoice>> {
    prop::collection::vec(any::<ColumnChoice>(), 1..=5)
}

type Model = BTreeMap<Vec<String>, u32>;

fn check(index: &KeyIndex, model: &Model) {
    assert_eq!(index.len(), model.len());
    let live: Vec<u32> = model.values().copied().collect::<BTreeSet<_>>().into_iter().collect();
    assert_eq!(index.live_slots().collect::<Vec<_>>(), live);
    assert!(live.iter().all(|slot| (*slot as usize) < index.slot_bound()));
    let keys = index.keys(&live).unwrap();
    for (row, slot) in live.iter().enumerate() {
        assert_eq!(model.get(&row_text(&keys, row)), Some(slot));
    }
}

fn upsert(index: &mut KeyIndex, model: &mut Model, batch: &[ArrayRef]) {
    let mut slots = vec![99];
    index.upsert(batch, &mut slots).unwrap();
    assert_eq!(slots.len(), batch[0].len());
    let mut taken: BTreeSet<u32> = model.values().copied().collect();
    for (row, slot) in slots.into_iter().enumerate() {
        let expected = *model.entry(row_text(batch, row)).or_insert_with(|| {
            assert!(taken.insert(slot), "the slot {slot} belongs to another key");
            slot
        });
        assert_eq!(slot, expected);
    }
}

fn apply(
    index: &mut KeyIndex,
    model: &mut Model,
    types: &[(DataType, bool)],
    choices: &[(ArrayRef, bool)],
    step: &Step,
    spread: u8,
) {
    match step {
        Step::Upsert(rows) => upsert(index, model, &columns(choices, rows, spread)),
        Step::Find(rows) => {
            let batch = columns(choices, rows, spread);
            let mut slots = Vec::new();
            index.find(&batch, &mut slots).unwrap();
            let expected: Vec<u32> =
                (0..rows.len()).map(|row| model.get(&row_text(&batch, row)).copied().unwrap_or(NO_SLOT)).collect();
            assert_eq!(slots, expected);
        }
        Step::Remove(picks) => {
            for pick in picks {
                let Some((key, slot)) =
                    (!model.is_empty()).then(|| pick.index(model.len())).and_then(|at| model.iter().nth(at))
                else {
                    continue;
                };
                let (key, slot) = (key.clone(), *slot);
                index.remove(slot);
                index.remove(slot);
                model.remove(&key);
            }
        }
        Step::Restore => *index = KeyIndex::restore(types, &index.snapshot().unwrap()).unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn behaves_as_a_map_from_rows(choice in choices(), steps in prop::collection::vec(step(), 1..12), spread in 2..=255u8) {
        let choices = choose(&choice);
        let types: Vec<_> = choices.iter().map(|(pool, nullable)| (pool.data_type().clone(), *nullable)).collect();
        let mut index = KeyIndex::new(&types).unwrap();
        let mut model = Model::new();
        for step in &steps {
            apply(&mut index, &mut model, &types, &choices, step, spread);
            check(&index, &model);
        }
    }

    #[test]
    fn equal_rows_have_equal_hashes(choice in choices(), rows in rows()) {
        let batch = columns(&choose(&choice), &rows, 200);
        let mut hashes = Vec::new();
        hash_rows(&batch, &mut hashes).unwrap();
        let mut seen: BTreeMap<Vec<String>, u64> = BTreeMap::new();
        for (row, hash) in hashes.iter().enumerate() {
            prop_assert_eq!(*seen.entry(row_text(&batch, row)).or_insert(*hash), *hash);
        }
        let distinct: BTreeSet<u64> = seen.values().copied().collect();
        prop_assert_eq!(distinct.len(), seen.len(), "a 64-bit hash collides among a few thousand rows");
    }
}

#[test]
fn no_columns_are_one_key() {
    let mut index = KeyIndex::new(&[]).unwrap();
    let mut slots = Vec::new();
    index.find(&[], &mut slots).unwrap();
    assert_eq!(slots, [NO_SLOT]);
    index.upsert(&[], &mut slots).unwrap();
    index.upsert(&[], &mut slots).unwrap();
    assert_eq!((slots, index.len()), (vec![0], 1));
    assert_eq!(index.keys(&[0]).unwrap().len(), 0);
    let restored = KeyIndex::restore(&[], &index.snapshot().unwrap()).unwrap();
    assert_eq!(restored.live_slots().collect::<Vec<_>>(), [0]);
}

#[test]
fn a_map_is_no_key() {
    let entry = Fields::from(vec![Field::new("k", DataType::Int64, false), Field::new("v", DataType::Int64, true)]);
    let map = DataType::Map(Arc::new(Field::new("e", DataType::Struct(entry), false)), false);
    let list = DataType::List(Arc::new(Field::new("item", map.clone(), true)));
    for data_type in [map, list] {
        let refused = KeyIndex::new(&[(data_type, true)]).err().expect("a map can't be compared");
        assert_eq!(refused.code(), codes::LV_S405);
    }
}

#[test]
fn a_null_is_never_found_among_keys_without_null() {
    let mut index = KeyIndex::new(&[(DataType::Int64, false)]).unwrap();
    let mut slots = Vec::new();
    index.upsert(&[Arc::new(Int64Array::from(vec![0]))], &mut slots).unwrap();
    let nulls: ArrayRef = Arc::new(Int64Array::from(vec![None, Some(0)]));
    index.find(&[Arc::clone(&nulls)], &mut slots).unwrap();
    assert_eq!(slots, [NO_SLOT, 0]);
    assert_eq!(index.upsert(&[nulls], &mut slots).unwrap_err().code(), codes::LV_S999);
}

#[test]
fn equal_values_inside_nested_types_are_one_key() {
    let floats = |values: [f64; 2]| ListArray::from_iter_primitive::<Float64Type, _, _>([Some(values.map(Some))]);
    let left: ArrayRef = Arc::new(floats([0.0, f64::NAN]));
    let right: ArrayRef = Arc::new(floats([-0.0, -f64::NAN]));
    let interval = |months, days, nanos| -> ArrayRef {
        let value = IntervalMonthDayNanoType::make_value(months, days, nanos);
        Arc::new(IntervalMonthDayNanoArray::from_iter_values([value]))
    };
    for (left, right) in [(left, right), (interval(1, 0, 0), interval(0, 29, 86_400_000_000_000))] {
        let mut index = KeyIndex::new(&[(left.data_type().clone(), true)]).unwrap();
        let (mut slots, mut left_hash, mut right_hash) = (Vec::new(), Vec::new(), Vec::new());
        index.upsert(&[Arc::clone(&left)], &mut slots).unwrap();
        index.find(&[Arc::clone(&right)], &mut slots).unwrap();
        assert_eq!(slots, [0]);
        hash_rows(&[left], &mut left_hash).unwrap();
        hash_rows(&[right], &mut right_hash).unwrap();
        assert_eq!(left_hash, right_hash);
    }
}

#[test]
fn a_wrong_type_is_an_error() {
    let mut index = KeyIndex::new(&[(DataType::Int64, false)]).unwrap();
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    assert_eq!(index.upsert(&[floats], &mut Vec::new()).unwrap_err().code(), codes::LV_S999);
    assert_eq!(index.keys(&[3]).unwrap_err().code(), codes::LV_S999);
}

#[test]
fn hashes_stay_as_they_are() {
    let mut hashes = Vec::new();
    hash_rows(&[Arc::new(Int64Array::from(vec![0, 1, 42]))], &mut hashes).unwrap();
    // Worked out apart from this code, with Python's whole numbers, from the constants and the formula.
    let expected = [16_651_351_999_786_859_568, 9_342_413_590_559_294_944, 10_723_864_173_284_791_409];
    assert_eq!(hashes, expected, "routing and stored key groups depend on these values");
}

#[test]
fn sequential_keys_spread_over_the_key_groups() {
    for stride in [1, 8, 1000, 1 << 20, 1_000_000_000] {
        let mut hashes = Vec::new();
        hash_rows(&[Arc::new(Int64Array::from_iter_values((0..25_600).map(|i| i * stride)))], &mut hashes).unwrap();
        let mut groups = [0; 256];
        hashes.iter().for_each(|hash| groups[key_group(*hash) as usize] += 1);
        assert!(groups.iter().all(|count| (40..200).contains(count)), "stride {stride}: {groups:?}");
    }
}
