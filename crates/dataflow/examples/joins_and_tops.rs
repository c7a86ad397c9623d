//! Prints million rows per second of joins and top-N over bids like Nexmark's, on one shard: `cargo run --release -p levada-dataflow
//! --example joins_and_tops`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use levada_base::{Epoch, ObjectId, Result, Watermark, World};
use levada_dataflow::ops::SortColumn;
use levada_dataflow::ops::input::InputSpec;
use levada_dataflow::ops::join::{JoinKind, JoinSpec};
use levada_dataflow::ops::top_n::TopNSpec;
use levada_dataflow::{EpochInput, GraphBuilder, OpSpec, Pool, Route, Runtime};
use levada_delta::DeltaBatch;

const BATCH_ROWS: u64 = 8_192;
const BATCHES: u64 = 256;
const BATCHES_PER_EPOCH: usize = 8;
const BIDS_PER_AUCTION: u64 = 15;
/// Auctions that get bids at one time.
const OPEN_AUCTIONS: u64 = 100;
const BIDDERS: u64 = 1_000;
const BIDS_PER_MILLISECOND: u64 = 92;

/// Numbers without order, the same in every run (the 64-bit finaliser of MurmurHash3).
fn scatter(number: u64) -> u64 {
    let mut x = number.wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    x ^= x >> 33;
    x = x.wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    x ^ x >> 33
}

fn bid_schema() -> SchemaRef {
    let number = |name: &str| Field::new(name, DataType::Int64, false);
    let text = |name: &str| Field::new(name, DataType::Utf8View, false);
    let time = Field::new("ts", DataType::Timestamp(TimeUnit::Microsecond, None), false);
    Arc::new(Schema::new(vec![
        number("auction"),
        number("bidder"),
        number("price"),
        text("channel"),
        text("url"),
        time,
        text("extra"),
    ]))
}

fn numbers(rows: std::ops::Range<u64>, value: impl Fn(u64) -> u64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(rows.map(|row| value(row) as i64)))
}

fn texts(rows: std::ops::Range<u64>, value: impl Fn(u64) -> String) -> ArrayRef {
    Arc::new(StringViewArray::from_iter_values(rows.map(value)))
}

/// The newest auction half of the time, else one of the open ones.
fn auction_of(row: u64) -> u64 {
    let newest = row / BIDS_PER_AUCTION;
    if scatter(row).is_multiple_of(2) { newest / 10 * 10 } else { newest - scatter(row ^ 1) % OPEN_AUCTIONS.min(newest + 1) }
}

fn bids(batch: u64) -> RecordBatch {
    let rows = batch * BATCH_ROWS..(batch + 1) * BATCH_ROWS;
    let bidder = |row| row / 1_000 + if scatter(row ^ 2).is_multiple_of(4) { scatter(row ^ 3) % BIDDERS } else { 0 };
    let times = rows.clone().map(|row| (row / BIDS_PER_MILLISECOND * 1_000) as i64);
    let columns: Vec<ArrayRef> = vec![
        numbers(rows.clone(), auction_of),
        numbers(rows.clone(), bidder),
        numbers(rows.clone(), |row| scatter(row ^ 4) % 10_000_000),
        texts(rows.clone(), |row| format!("channel-{}", scatter(row ^ 5) % 10_004)),
        texts(rows.clone(), |row| format!("https://www.nexmark.com/item.htm?query=1&channel_id={}", scatter(row ^ 6))),
        Arc::new(TimestampMicrosecondArray::from_iter_values(times)),
        texts(rows, |row| format!("{:040}", scatter(row ^ 7))),
    ];
    RecordBatch::try_new(bid_schema(), columns).expect("columns of the schema")
}

fn auctions(batch: u64) -> RecordBatch {
    let first = batch * BATCH_ROWS / BIDS_PER_AUCTION;
    let rows = first..(batch + 1) * BATCH_ROWS / BIDS_PER_AUCTION;
    let columns = vec![numbers(rows.clone(), |row| row), texts(rows, |row| format!("an item of some kind, number {row}"))];
    RecordBatch::try_new(auction_schema(), columns).expect("columns of the schema")
}

fn auction_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, false), Field::new("item", DataType::Utf8View, false)]))
}

fn top(partition: Vec<usize>, by: usize, limit: u64, append_only_input: bool) -> OpSpec {
    let order = vec![SortColumn { column: by, descending: true, nulls_first: true }];
    OpSpec::TopN(TopNSpec {
        partition,
        order,
        tie_break: (0..7).collect(),
        skip: 0,
        limit,
        row_number: false,
        append_only_input,
    })
}

fn joined(nullable: bool) -> SchemaRef {
    let bid = bid_schema().fields().iter().cloned().collect::<Vec<_>>();
    let auction = auction_schema();
    let auction = auction.fields().iter().map(|field| Arc::new(field.as_ref().clone().with_nullable(nullable)));
    Arc::new(Schema::new(bid.into_iter().chain(auction).collect::<Vec<_>>()))
}

fn join(kind: JoinKind) -> OpSpec {
    OpSpec::Join(JoinSpec {
        kind,
        left_keys: vec![0],
        right_keys: vec![0],
        nulls_equal: false,
        residual: None,
        pair_schema: joined(false),
        left_expiry: None,
        right_expiry: None,
    })
}

/// Runs one operator over all batches of its inputs, which are made outside of the measured time.
fn measure(name: &str, op: OpSpec, output: SchemaRef, inputs: &[Vec<RecordBatch>]) -> Result<()> {
    let mut builder = GraphBuilder::default();
    let mut edges = Vec::new();
    for (at, batches) in inputs.iter().enumerate() {
        let input = InputSpec { object: ObjectId(at as u64), relation: format!("input {at}"), event_time: None };
        edges.push((builder.add(OpSpec::Input(input), vec![], batches[0].schema(), true), Route::Local));
    }
    let nodes: Vec<_> = edges.iter().map(|(node, _)| *node).collect();
    let top = builder.add(op, edges, output, false);
    let mut runtime = Runtime::new(builder.finish(top)?, 1)?;
    let world = World::real();
    let (start, mut given) = (world.clock().elapsed(), 0);
    for epoch in 0..inputs[0].len().div_ceil(BATCHES_PER_EPOCH) {
        let changes = |batches: &Vec<RecordBatch>| {
            let part = batches.chunks(BATCHES_PER_EPOCH).nth(epoch).unwrap_or_default();
            part.iter().cloned().map(DeltaBatch::insertions).collect()
        };
        let inputs = nodes.iter().zip(inputs);
        let inputs = inputs.map(|(&node, batches)| EpochInput { node, changes: changes(batches), watermark: Watermark::END });
        let changes = runtime.run_epoch(Epoch(epoch as u64 + 1), inputs.collect(), &Pool::inline())?;
        given += changes.iter().map(DeltaBatch::num_rows).sum::<usize>();
    }
    let seconds = (world.clock().elapsed() - start).as_secs_f64();
    let rows: usize = inputs.iter().flatten().map(RecordBatch::num_rows).sum();
    let stats = runtime.stats().last().map(|(_, stats)| *stats).unwrap_or_default();
    println!(
        "{name:<34} {:>6.2} M rows/s  {given:>9} changes  {:>9} rows kept  {:>6} MiB",
        rows as f64 / seconds / 1e6,
        stats.state_rows,
        stats.state_bytes >> 20
    );
    Ok(())
}

fn main() -> Result<()> {
    let bids: Vec<RecordBatch> = (0..BATCHES).map(bids).collect();
    let auctions: Vec<RecordBatch> = (0..BATCHES).map(auctions).collect();
    for append_only in [true, false] {
        let input = if append_only { "append-only" } else { "changing" };
        let bids = std::slice::from_ref(&bids);
        measure(&format!("last by (bidder, auction), {input}"), top(vec![1, 0], 5, 1, append_only), bid_schema(), bids)?;
        measure(&format!("top 10 by auction, {input}"), top(vec![0], 2, 10, append_only), bid_schema(), bids)?;
    }
    let both = [bids, auctions];
    measure("bids join auctions", join(JoinKind::Inner), joined(false), &both)?;
    measure("bids left join auctions", join(JoinKind::Left), joined(true), &both)
}
