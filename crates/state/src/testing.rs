//! Arbitrary columns for the law tests, and rows as text for the models: text that shares no code with the state.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryViewArray, BooleanArray, Decimal128Array, Float32Array, Float64Array, Int8Array, Int32Array,
    Int64Array, IntervalMonthDayNanoArray, ListArray, StringArray, StringViewArray, StructArray, TimestampMicrosecondArray,
    UInt16Array, UInt32Array, UInt64Array,
};
use arrow::compute::take;
use arrow::datatypes::{DataType, Field, Int64Type, IntervalMonthDayNanoType};
use arrow::util::display::array_value_to_string;
use proptest::prelude::*;

/// Values a column draws from; a small pool makes equal rows frequent.
const POOL: usize = 256;
const NAN_WITH_PAYLOAD: u64 = 0xFFF8_0000_0000_1234;

/// Columns with pools of every kind of storage.
pub(crate) fn pools() -> Vec<ArrayRef> {
    let numbers: Vec<i64> = (0..POOL as i64).map(number).collect();
    let texts: Vec<String> = (0..POOL).map(text).collect();
    vec![
        Arc::new(Int64Array::from(numbers.clone())),
        Arc::new(StringViewArray::from_iter_values(&texts)),
        Arc::new(Float64Array::from_iter_values((0..POOL).map(float))),
        Arc::new(BooleanArray::from_iter((0..POOL).map(|i| Some(i % 3 == 0)))),
        Arc::new(Int8Array::from_iter_values((0..POOL).map(|i| i as u8 as i8))),
        Arc::new(Int32Array::from_iter_values(numbers.iter().map(|n| *n as i32))),
        Arc::new(UInt16Array::from_iter_values(numbers.iter().map(|n| *n as u16))),
        Arc::new(UInt64Array::from_iter_values(numbers.iter().map(|n| *n as u64))),
        Arc::new(Float32Array::from_iter_values((0..POOL).map(|i| float(i) as f32))),
        Arc::new(TimestampMicrosecondArray::from(numbers.clone()).with_timezone("UTC")),
        Arc::new(Decimal128Array::from_iter_values(numbers.iter().map(|n| i128::from(*n) << 50))),
        Arc::new(StringArray::from_iter_values(&texts)),
        Arc::new(BinaryViewArray::from_iter_values(texts.iter().map(|text| text.as_bytes()))),
        Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(
            numbers.iter().map(|n| Some((0..*n as usize % 4).map(|i| (i != 2).then_some(*n)))),
        )),
        Arc::new(StructArray::from(vec![
            (Arc::new(Field::new("a", DataType::Int64, true)), Arc::new(Int64Array::from(numbers)) as ArrayRef),
            (Arc::new(Field::new("b", DataType::Utf8, true)), Arc::new(StringArray::from(texts)) as ArrayRef),
        ])),
        Arc::new(IntervalMonthDayNanoArray::from_iter_values(
            (0..POOL as i32).map(|i| IntervalMonthDayNanoType::make_value(0, i % 50, i64::from(i) * 7)),
        )),
    ]
}

fn number(index: i64) -> i64 {
    match index {
        0 => i64::MIN,
        1 => i64::MAX,
        _ => (index - 128) * 1_000_003,
    }
}

fn float(index: usize) -> f64 {
    let special = [
        f64::NAN,
        -f64::NAN,
        f64::from_bits(NAN_WITH_PAYLOAD),
        0.0,
        -0.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        1e300,
        1e-300,
        -1e300,
    ];
    special.get(index).copied().unwrap_or(index as f64 * 0.25 - 31.0)
}

fn text(index: usize) -> String {
    match index {
        0 => String::new(),
        1 => "ä€𝄞".to_owned(),
        2 => "twelve bytes".to_owned(),
        3 => "thirteen byte".to_owned(),
        4 => "x".repeat(5000),
        _ if index.is_multiple_of(2) => format!("k{index}"),
        _ => format!("a longer text that no view holds inline, {index}"),
    }
}

/// A column of the pool's type: `None` is NULL.
pub(crate) fn column(pool: &ArrayRef, picks: impl Iterator<Item = Option<u8>>) -> ArrayRef {
    let picks = UInt32Array::from_iter(picks.map(|pick| pick.map(u32::from)));
    take(pool, &picks, None).expect("a pick is inside its pool")
}

/// What a column of a test is made of: which pool, and whether it has NULLs.
pub(crate) type ColumnChoice = (prop::sample::Index, bool);

/// One row's picks; as many as a test ever has columns.
pub(crate) type Picks = [u8; 5];

/// Rows for a batch: usually few, sometimes a whole batch.
pub(crate) fn rows() -> impl Strategy<Value = Vec<Picks>> {
    let some = |range: std::ops::RangeInclusive<usize>| prop::collection::vec(any::<Picks>(), range);
    prop_oneof![4 => some(0..=1), 10 => some(2..=9), 6 => some(10..=200), 1 => some(8192..=8192)]
}

/// The columns of a batch. Only a part of the pool is used in low `spread`, for many equal rows.
pub(crate) fn columns(choices: &[(ArrayRef, bool)], rows: &[Picks], spread: u8) -> Vec<ArrayRef> {
    let pick = |row: &Picks, index: usize, nullable: bool| {
        let pick = row[index] % spread.max(2);
        (!(nullable && pick == 1)).then_some(pick)
    };
    let make = |(index, (pool, nullable)): (usize, &(ArrayRef, bool))| {
        column(pool, rows.iter().map(|row| pick(row, index, *nullable)))
    };
    choices.iter().enumerate().map(make).collect()
}

pub(crate) fn choose(choices: &[ColumnChoice]) -> Vec<(ArrayRef, bool)> {
    let pools = pools();
    choices.iter().map(|(index, nullable)| (Arc::clone(index.get(&pools)), *nullable)).collect()
}

/// A row as text: equal exactly for rows that SQL groups together.
pub(crate) fn row_text(columns: &[ArrayRef], row: usize) -> Vec<String> {
    let cell = |column: &ArrayRef| match column.is_null(row) {
        true => "NULL".to_owned(),
        false => match array_value_to_string(column, row).expect("every value prints") {
            zero if zero == "-0.0" && column.data_type().is_floating() => "0.0".to_owned(),
            text => format!("'{text}'"),
        },
    };
    columns.iter().map(cell).map(|cell| if cell == "'0.0'" { "0.0".to_owned() } else { cell }).collect()
}
