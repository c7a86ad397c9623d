//! Laws of the row store against a map from slot to row text.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringViewArray};
use arrow::compute::SortOptions;
use arrow::datatypes::{Field, Schema, SchemaRef};
use levada_base::codes;
use proptest::prelude::*;

use super::{RowStore, SortColumn};
use crate::NO_SLOT;
use crate::testing::{ColumnChoice, Picks, choose, columns, row_text, rows};

#[derive(Debug, Clone)]
enum Step {
    Insert(Vec<Picks>),
    InsertSome(Vec<Picks>),
    Remove(Vec<prop::sample::Index>),
    RemoveAll,
    Restore,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => rows().prop_map(Step::Insert),
        2 => rows().prop_map(Step::InsertSome),
        3 => prop::collection::vec(any::<prop::sample::Index>(), 0..300).prop_map(Step::Remove),
        1 => Just(Step::RemoveAll),
        1 => Just(Step::Restore),
    ]
}

fn schema_of(choices: &[(ArrayRef, bool)]) -> SchemaRef {
    let field = |(index, (pool, nullable)): (usize, &(ArrayRef, bool))| {
        Field::new(format!("c{index}"), pool.data_type().clone(), *nullable)
    };
    Arc::new(Schema::new(choices.iter().enumerate().map(field).collect::<Vec<_>>()))
}

fn batch(schema: &SchemaRef, choices: &[(ArrayRef, bool)], rows: &[Picks]) -> RecordBatch {
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns(choices, rows, 200), &options).unwrap()
}

struct Pair {
    store: RowStore,
    model: BTreeMap<u32, Vec<String>>,
}

impl Pair {
    fn insert(&mut self, batch: &RecordBatch, rows: Option<&[u32]>) {
        let mut slots = vec![5];
        self.store.insert(batch, rows, &mut slots).unwrap();
        let all: Vec<u32> = (0..batch.num_rows() as u32).collect();
        let rows = rows.unwrap_or(&all);
        assert_eq!(slots.len(), rows.len());
        let opened = self.store.open(batch).unwrap();
        for (slot, row) in slots.into_iter().zip(rows) {
            assert!(self.store.eq_row(slot, &opened, *row as usize));
            let text = row_text(batch.columns(), *row as usize);
            assert!(self.model.insert(slot, text).is_none(), "the slot {slot} belongs to another row");
        }
    }

    fn apply(&mut self, step: &Step, schema: &SchemaRef, choices: &[(ArrayRef, bool)]) {
        match step {
            Step::Insert(rows) => self.insert(&batch(schema, choices, rows), None),
            Step::InsertSome(rows) => {
                let picked: Vec<u32> = (0..rows.len() as u32).rev().step_by(3).collect();
                self.insert(&batch(schema, choices, rows), Some(&picked));
            }
            Step::Remove(picks) => {
                for pick in picks {
                    let live: Vec<u32> = self.model.keys().copied().collect();
                    let Some(slot) = (!live.is_empty()).then(|| live[pick.index(live.len())]) else { continue };
                    self.store.remove(slot);
                    self.store.remove(slot);
                    self.model.remove(&slot);
                }
            }
            Step::RemoveAll => std::mem::take(&mut self.model).keys().for_each(|slot| self.store.remove(*slot)),
            Step::Restore => self.store = RowStore::restore(Arc::clone(schema), &self.store.snapshot().unwrap()).unwrap(),
        }
    }

    fn check(&self) {
        assert_eq!(self.store.len(), self.model.len());
        assert_eq!(self.store.live_slots().collect::<Vec<_>>(), self.model.keys().copied().collect::<Vec<_>>());
        let mut slots: Vec<u32> = self.model.keys().rev().copied().collect();
        slots.push(NO_SLOT);
        let gathered = self.store.gather(&slots, None).unwrap();
        for (index, slot) in slots.iter().enumerate() {
            let missing = vec!["NULL".to_owned(); gathered.len()];
            assert_eq!(&row_text(&gathered, index), self.model.get(slot).unwrap_or(&missing));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn behaves_as_a_map_from_slots(
        choice in prop::collection::vec(any::<ColumnChoice>(), 1..=5),
        steps in prop::collection::vec(step(), 1..12),
    ) {
        let choices = choose(&choice);
        let schema = schema_of(&choices);
        let mut pair = Pair { store: RowStore::new(Arc::clone(&schema)).unwrap(), model: BTreeMap::new() };
        for step in &steps {
            pair.apply(step, &schema, &choices);
            pair.check();
        }
    }

    #[test]
    fn rows_are_equal_exactly_if_their_values_are(
        choice in prop::collection::vec(any::<ColumnChoice>(), 1..=3),
        picks in prop::collection::vec(any::<Picks>(), 1..=40),
    ) {
        let choices = choose(&choice);
        let schema = schema_of(&choices);
        let options = RecordBatchOptions::new().with_row_count(Some(picks.len()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), columns(&choices, &picks, 7), &options).unwrap();
        let mut store = RowStore::new(schema).unwrap();
        let mut slots = Vec::new();
        store.insert(&batch, None, &mut slots).unwrap();
        let opened = store.open(&batch).unwrap();
        for (left, slot) in slots.iter().enumerate() {
            for right in 0..picks.len() {
                let equal = row_text(batch.columns(), left) == row_text(batch.columns(), right);
                prop_assert_eq!(store.eq_row(*slot, &opened, right), equal);
            }
        }
    }

    #[test]
    fn the_order_of_rows_is_arrows(
        choice in any::<ColumnChoice>(), picks in prop::collection::vec(any::<Picks>(), 2..=40),
        descending: bool, nulls_first: bool,
    ) {
        let choices: Vec<_> = choose(&[choice]).into_iter().filter(|(pool, _)| !pool.data_type().is_nested()).collect();
        prop_assume!(!choices.is_empty());
        let schema = schema_of(&choices);
        let batch = batch(&schema, &choices, &picks);
        let mut store = RowStore::new(schema).unwrap();
        let mut slots = Vec::new();
        store.insert(&batch, None, &mut slots).unwrap();
        let options = SortOptions { descending, nulls_first };
        let arrows = arrow::array::make_comparator(batch.column(0), batch.column(0), options).unwrap();
        for left in 0..picks.len() {
            for right in 0..picks.len() {
                let ours = store.compare(slots[left], slots[right], &[SortColumn { column: 0, options }]);
                let same_to_sql = row_text(batch.columns(), left) == row_text(batch.columns(), right);
                // Arrow tells apart what SQL does not: the zeros and the NaN.
                let expected = if same_to_sql { Ordering::Equal } else { arrows(left, right) };
                let is_nan = |row: usize| row_text(batch.columns(), row)[0] == "'NaN'";
                if !is_nan(left) && !is_nan(right) {
                    prop_assert_eq!(ours, expected);
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn rows_that_are_not_stored_have_the_order_of_stored_ones(
        choice in prop::collection::vec(any::<ColumnChoice>(), 1..=3), picks in prop::collection::vec(any::<Picks>(), 2..=20),
        options in prop::collection::vec((any::<bool>(), any::<bool>()), 3),
    ) {
        let choices = choose(&choice);
        let schema = schema_of(&choices);
        let batch = batch(&schema, &choices, &picks);
        let mut store = RowStore::new(schema).unwrap();
        let mut slots = Vec::new();
        store.insert(&batch, None, &mut slots).unwrap();
        let opened = store.open(&batch).unwrap();
        let column = |(column, (descending, nulls_first)): (usize, (bool, bool))| {
            SortColumn { column, options: SortOptions { descending, nulls_first } }
        };
        let sort: Vec<_> = options.into_iter().take(choices.len()).enumerate().map(column).collect();
        let mut prefixes = Vec::new();
        opened.order_prefixes(sort[0], &mut prefixes);
        for left in 0..picks.len() {
            for right in 0..picks.len() {
                let expected = store.compare(slots[left], slots[right], &sort);
                prop_assert_eq!(store.compare_row(slots[left], &opened, right, &sort), expected);
                prop_assert_eq!(opened.compare(left, right, &sort), expected);
                let by_prefix = prefixes[left].cmp(&prefixes[right]);
                prop_assert!(by_prefix.is_eq() || by_prefix == expected, "{by_prefix:?} is not {expected:?}");
            }
        }
    }
}

fn texts(store: &mut RowStore, values: &[String]) -> Vec<u32> {
    let array: ArrayRef = Arc::new(StringViewArray::from_iter_values(values));
    let batch = RecordBatch::try_new(Arc::clone(store.schema()), vec![array]).unwrap();
    let mut slots = Vec::new();
    store.insert(&batch, None, &mut slots).unwrap();
    slots
}

fn text_store() -> RowStore {
    RowStore::new(Arc::new(Schema::new(vec![Field::new("t", arrow::datatypes::DataType::Utf8View, true)]))).unwrap()
}

#[test]
fn gathered_text_outlives_what_the_store_does_next() {
    let mut store = text_store();
    let values: Vec<String> = (0..5000).map(|i| format!("a text of some length, number {i}")).collect();
    let slots = texts(&mut store, &values);
    let gathered = store.gather(&slots, None).unwrap();
    let buffers = gathered[0].as_string_view().data_buffers().to_vec();
    let again = store.gather(&slots, None).unwrap();
    assert!(again[0].as_string_view().data_buffers().iter().zip(&buffers).all(|(left, right)| left.as_ptr() == right.as_ptr()));
    slots.iter().for_each(|slot| store.remove(*slot));
    texts(&mut store, &vec!["another text that is long".to_owned(); 5000]);
    let read: Vec<&str> = gathered[0].as_string_view().iter().flatten().collect();
    assert_eq!(read, values);
}

#[test]
fn memory_of_dead_text_comes_back() {
    let mut store = text_store();
    let round: Vec<String> = (0..1000).map(|i| format!("{i:0>1000}")).collect();
    let mut kept = Vec::new();
    for number in 0..50 {
        let slots = texts(&mut store, &round);
        // One in a hundred stays, so that no block dies by itself.
        let (stay, go): (Vec<u32>, Vec<u32>) = slots.iter().partition(|slot| (*slot + number) % 100 == 0);
        go.iter().for_each(|slot| store.remove(*slot));
        kept.extend(stay);
    }
    let live = store.len() * 1000;
    assert!(store.bytes() < 4 * live + 4 * 1024 * 1024, "{} bytes held for {live} bytes of text", store.bytes());
    let gathered = store.gather(&kept, None).unwrap();
    assert!(gathered[0].as_string_view().iter().flatten().all(|text| text.len() == 1000 && round.iter().any(|r| r == text)));
}

#[test]
fn projection_picks_and_orders_columns() {
    let fields = vec![
        Field::new("a", arrow::datatypes::DataType::Int64, false),
        Field::new("b", arrow::datatypes::DataType::Float64, false),
    ];
    let schema = Arc::new(Schema::new(fields));
    let mut store = RowStore::new(Arc::clone(&schema)).unwrap();
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(vec![1, 2])), Arc::new(Float64Array::from(vec![0.5, -0.0]))];
    let mut slots = Vec::new();
    store.insert(&RecordBatch::try_new(schema, columns.clone()).unwrap(), None, &mut slots).unwrap();
    let gathered = store.gather(&slots, Some(&[1, 0, 1])).unwrap();
    assert_eq!(gathered, [Arc::clone(&columns[1]), Arc::clone(&columns[0]), Arc::clone(&columns[1])]);
    assert_eq!(store.gather(&slots, Some(&[2])).unwrap_err().code(), codes::LV_S999);
    assert_eq!(store.gather(&[7], None).unwrap_err().code(), codes::LV_S999);
}

#[test]
fn a_row_of_other_columns_is_an_error() {
    let mut store = text_store();
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let batch = RecordBatch::try_from_iter([("t", numbers)]).unwrap();
    assert_eq!(store.insert(&batch, None, &mut Vec::new()).unwrap_err().code(), codes::LV_S999);
}
