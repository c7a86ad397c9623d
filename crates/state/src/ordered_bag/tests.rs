//! Laws of the ordered bag against lists that Arrow sorts.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Float64Array, Int64Array, UInt32Array};
use arrow::compute::{SortOptions, sort_to_indices, take};
use arrow::datatypes::{DataType, Field, Fields};
use levada_base::codes;
use proptest::prelude::*;

use super::OrderedBag;
use crate::testing::{column, pools, row_text};

const GROUPS: u32 = 4;

/// Which values are present in a group: picks of the pool, with weights.
type Model = BTreeMap<(u32, Vec<String>), (u8, i64)>;

fn text(values: &ArrayRef, row: usize) -> Vec<String> {
    row_text(&[Arc::clone(values)], row)
}

/// The least or greatest of some picks, in the words of Arrow's sort; floats with NaN and zeros made one.
fn extreme(pool: &ArrayRef, picks: &[u8], descending: bool) -> Vec<String> {
    let values = column(pool, picks.iter().map(|pick| Some(*pick)));
    if values.is_empty() {
        return vec!["NULL".to_owned()];
    }
    let is_nan = |row: &u32| text(&values, *row as usize)[0] == "'NaN'";
    let (nan, numbers): (Vec<u32>, Vec<u32>) = (0..picks.len() as u32).partition(is_nan);
    if numbers.is_empty() || (descending && !nan.is_empty()) {
        return text(&values, nan[0] as usize);
    }
    let numbers = take(&values, &UInt32Array::from(numbers), None).unwrap();
    let order = sort_to_indices(&numbers, Some(SortOptions { descending, nulls_first: false }), Some(1)).unwrap();
    text(&numbers, order.value(0) as usize)
}

fn check(bag: &OrderedBag, pool: &ArrayRef, model: &Model) {
    let slots: Vec<u32> = (0..=GROUPS).collect();
    let (least, greatest) = (bag.min(&slots).unwrap(), bag.max(&slots).unwrap());
    for slot in 0..=GROUPS {
        let present = |(key, (_, weight)): &(&(u32, Vec<String>), &(u8, i64))| key.0 == slot && *weight > 0;
        let picks: Vec<u8> = model.iter().filter(present).map(|(_, (pick, _))| *pick).collect();
        assert_eq!(text(&least, slot as usize), extreme(pool, &picks, false));
        assert_eq!(text(&greatest, slot as usize), extreme(pool, &picks, true));
        let (values, weights) = bag.entries(slot).unwrap();
        let found: BTreeMap<Vec<String>, i64> = (0..values.len()).map(|row| (text(&values, row), weights[row])).collect();
        let expected: BTreeMap<Vec<String>, i64> =
            model.iter().filter(|(key, _)| key.0 == slot).map(|(key, (_, weight))| (key.1.clone(), *weight)).collect();
        assert_eq!(found, expected);
        assert_eq!(values.len(), expected.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn min_and_max_are_those_of_the_values_present(
        pool in any::<prop::sample::Index>(),
        batches in prop::collection::vec(
            (prop::collection::vec((0..GROUPS, prop::option::weighted(0.9, any::<u8>()), -1..=1i64), 0..150), any::<bool>()), 1..6),
        spread in 2..=255u8,
    ) {
        // Nested values have no order in Arrow to compare with.
        let pools: Vec<ArrayRef> = pools().into_iter().filter(|pool| !pool.data_type().is_nested()).collect();
        let pool = pool.get(&pools);
        let mut bag = OrderedBag::new(pool.data_type()).unwrap();
        let mut model = Model::new();
        for (changes, restore) in &batches {
            let picks: Vec<Option<u8>> = changes.iter().map(|change| change.1.map(|pick| pick % spread)).collect();
            let values = column(pool, picks.iter().copied());
            let slots: Vec<u32> = changes.iter().map(|change| change.0).collect();
            let weights: Vec<i64> = changes.iter().map(|change| change.2).collect();
            bag.add(&slots, &values, Some(&weights)).unwrap();
            for (row, pick) in picks.iter().enumerate() {
                let Some(pick) = pick else { continue };
                model.entry((slots[row], text(&values, row))).or_insert((*pick, 0)).1 += weights[row];
            }
            model.retain(|_, (_, weight)| *weight != 0);
            if *restore {
                bag = OrderedBag::restore(pool.data_type(), &bag.snapshot().unwrap()).unwrap();
            }
            check(&bag, pool, &model);
        }
    }
}

#[test]
fn a_group_grows_into_a_tree_and_back() {
    let mut bag = OrderedBag::new(&DataType::Int64).unwrap();
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values((0..1000).map(|i| (i * 7919) % 1000 - 500)));
    bag.add(&[3; 1000], &numbers, None).unwrap();
    assert_eq!(bag.min(&[3, 0]).unwrap().as_ref(), &Int64Array::from(vec![Some(-500), None]));
    assert_eq!(bag.max(&[3]).unwrap().as_ref(), &Int64Array::from(vec![499]));
    let grown = bag.bytes();
    let most = numbers.slice(0, 999);
    bag.add(&[3; 999], &most, Some(&[-1; 999])).unwrap();
    assert_eq!(bag.min(&[3]).unwrap().as_ref(), numbers.slice(999, 1).as_ref());
    assert!(bag.bytes() < grown / 20);
    bag.reset(3);
    assert!(bag.min(&[3]).unwrap().is_null(0));
}

#[test]
fn nan_is_the_greatest_and_zero_has_no_sign() {
    let mut bag = OrderedBag::new(&DataType::Float64).unwrap();
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![-f64::NAN, f64::INFINITY, -0.0]));
    bag.add(&[0; 3], &floats, None).unwrap();
    assert_eq!(text(&bag.max(&[0]).unwrap(), 0), ["'NaN'"]);
    bag.add(&[0], &(Arc::new(Float64Array::from(vec![0.0])) as ArrayRef), Some(&[-1])).unwrap();
    assert_eq!(bag.min(&[0]).unwrap().as_ref(), &Float64Array::from(vec![f64::INFINITY]));
}

#[test]
fn a_bag_refuses_maps_and_other_types() {
    let entry = Fields::from(vec![Field::new("k", DataType::Int64, false), Field::new("v", DataType::Int64, true)]);
    let map = DataType::Map(Arc::new(Field::new("e", DataType::Struct(entry), false)), false);
    assert_eq!(OrderedBag::new(&map).err().unwrap().code(), codes::LV_S405);
    let mut bag = OrderedBag::new(&DataType::Int64).unwrap();
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    assert_eq!(bag.add(&[0], &floats, None).unwrap_err().code(), codes::LV_S999);
    assert_eq!(bag.add(&[0, 1], &floats, None).unwrap_err().code(), codes::LV_S999);
}
