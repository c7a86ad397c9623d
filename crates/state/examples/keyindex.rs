//! Prints nanoseconds per row of the key index and the row store, for one shard: `cargo run --release -p levada-state --example
//! keyindex`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray};
use arrow::datatypes::{DataType, Field, Schema};
use levada_base::{Clock, Result, World};
use levada_state::{KeyIndex, RowStore};

const GROUPS: u64 = 600_000;
const BATCH_ROWS: u64 = 8192;
const BATCHES: u64 = 600;

/// Numbers without order, the same in every run (the 64-bit finaliser of MurmurHash3).
fn scatter(number: u64) -> u64 {
    let mut x = number.wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    x ^= x >> 33;
    x = x.wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    x ^ x >> 33
}

fn numbers(batch: u64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values((0..BATCH_ROWS).map(|row| (scatter(batch * BATCH_ROWS + row) % GROUPS) as i64)))
}

fn texts(batch: u64) -> ArrayRef {
    let text = |row| format!("a channel with a long name, {}", scatter(batch * BATCH_ROWS + row) % 10_000);
    Arc::new(StringViewArray::from_iter_values((0..BATCH_ROWS).map(text)))
}

/// A day for each number of `numbers`, so that number and day have as many groups as the number alone.
fn days(batch: u64) -> ArrayRef {
    let day = |row| format!("2026-01-{:02}", scatter(batch * BATCH_ROWS + row) % GROUPS % 28 + 1);
    Arc::new(StringViewArray::from_iter_values((0..BATCH_ROWS).map(day)))
}

fn measure(clock: &dyn Clock, name: &str, mut batch: impl FnMut(u64) -> Result<()>) -> Result<()> {
    let start = clock.elapsed();
    for number in 0..BATCHES {
        batch(number)?;
    }
    let nanos = (clock.elapsed() - start).as_nanos() as f64;
    println!("{name:<44} {:>7.1} ns/row", nanos / (BATCHES * BATCH_ROWS) as f64);
    Ok(())
}

fn key_index(clock: &dyn Clock, name: &str, types: &[(DataType, bool)], keys: &[Vec<ArrayRef>]) -> Result<()> {
    let mut index = KeyIndex::new(types)?;
    let mut slots = Vec::new();
    let keys_of = |batch: u64| &keys[batch as usize % keys.len()];
    measure(clock, &format!("upsert, filling: {name}"), |batch| index.upsert(keys_of(batch), &mut slots))?;
    measure(clock, &format!("upsert: {name}"), |batch| index.upsert(keys_of(batch), &mut slots))?;
    measure(clock, &format!("find: {name}"), |batch| index.find(keys_of(batch), &mut slots))?;
    println!("{:<44} {:>7.1} bytes/key", format!("{} keys", index.len()), index.bytes() as f64 / index.len() as f64);
    Ok(())
}

fn row_store(clock: &dyn Clock) -> Result<()> {
    let fields = vec![
        Field::new("a", DataType::Int64, false),
        Field::new("t", DataType::Utf8View, false),
        Field::new("d", DataType::Utf8View, false),
    ];
    let schema = Arc::new(Schema::new(fields));
    let mut store = RowStore::new(Arc::clone(&schema))?;
    let batches: Vec<RecordBatch> =
        (0..32).filter_map(|n| RecordBatch::try_new(Arc::clone(&schema), vec![numbers(n), texts(n), days(n)]).ok()).collect();
    let mut slots = Vec::new();
    measure(clock, "rows of (i64, text, short text): insert", |n| store.insert(&batches[n as usize % 32], None, &mut slots))?;
    let rows = store.len() as u64;
    let pick = |n: u64| (0..BATCH_ROWS).map(|row| (scatter(n * BATCH_ROWS + row) % rows) as u32).collect::<Vec<_>>();
    let picks: Vec<Vec<u32>> = (0..64).map(pick).collect();
    measure(clock, "rows of (i64, text, short text): gather", |n| store.gather(&picks[n as usize % 64], None).map(drop))
}

fn main() -> Result<()> {
    let world = World::real();
    let clock = world.clock();
    let batches: Vec<u64> = (0..BATCHES).collect();
    let one: Vec<Vec<ArrayRef>> = batches.iter().map(|n| vec![numbers(*n)]).collect();
    let two: Vec<Vec<ArrayRef>> = batches.iter().map(|n| vec![numbers(*n), numbers(*n)]).collect();
    let day: Vec<Vec<ArrayRef>> = batches.iter().map(|n| vec![numbers(*n), days(*n)]).collect();
    let text: Vec<Vec<ArrayRef>> = batches.iter().map(|n| vec![texts(*n)]).collect();
    key_index(clock, "one i64", &[(DataType::Int64, false)], &one)?;
    key_index(clock, "one nullable i64", &[(DataType::Int64, true)], &one)?;
    key_index(clock, "two i64", &[(DataType::Int64, false), (DataType::Int64, false)], &two)?;
    key_index(clock, "i64 and short text", &[(DataType::Int64, false), (DataType::Utf8View, false)], &day)?;
    key_index(clock, "one text", &[(DataType::Utf8View, false)], &text)?;
    row_store(clock)
}
