use std::time::Duration;

use arrow::array::{ArrayRef, AsArray, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use levada_base::World;

use super::*;

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]))
}

fn batch(numbers: std::ops::Range<i64>) -> RecordBatch {
    RecordBatch::try_new(schema(), vec![Arc::new(Int64Array::from_iter_values(numbers))]).unwrap()
}

fn fetch(source: &mut PushSource, rows_max: usize, wait: Duration) -> Fetch {
    source.fetch(FetchLimits { rows_max, wait }).unwrap()
}

/// Partition and numbers of the next rows.
fn next(source: &mut PushSource, rows_max: usize) -> (u32, Vec<i64>) {
    match fetch(source, rows_max, Duration::ZERO) {
        Fetch::Rows(fetched) => (fetched.partition, fetched.batch.column(0).as_primitive::<Int64Type>().values().to_vec()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn rows_come_in_order_and_partitions_in_turn() {
    let (handles, mut source) = push_source(schema(), 2, 100);
    assert!(matches!(fetch(&mut source, 10, Duration::ZERO), Fetch::Nothing));
    handles[0].push(&batch(0..5)).unwrap();
    handles[1].push(&batch(10..12)).unwrap();
    assert_eq!(next(&mut source, 3), (0, vec![0, 1, 2]));
    assert_eq!(next(&mut source, 3), (1, vec![10, 11]));
    assert_eq!(next(&mut source, 3), (0, vec![3, 4]));
    handles[0].end();
    assert!(matches!(fetch(&mut source, 10, Duration::ZERO), Fetch::Nothing));
    drop(handles);
    assert!(matches!(fetch(&mut source, 10, Duration::ZERO), Fetch::End));
}

#[test]
fn a_full_queue_takes_nothing_until_it_is_read() {
    let (handles, mut source) = push_source(schema(), 1, 4);
    assert_eq!(handles[0].try_push(&batch(0..9)).unwrap(), Pushed::Taken, "an empty queue takes any batch");
    assert_eq!(handles[0].try_push(&batch(9..10)).unwrap(), Pushed::Full);
    next(&mut source, 8);
    assert_eq!(handles[0].try_push(&batch(9..12)).unwrap(), Pushed::Taken);
    assert_eq!(handles[0].try_push(&batch(12..13)).unwrap(), Pushed::Full);
    assert_eq!(handles[0].try_push(&batch(0..0)).unwrap(), Pushed::Taken, "no rows need no room");
}

#[test]
fn a_push_waits_for_the_reader_and_nothing_is_lost() {
    let (mut handles, mut source) = push_source(schema(), 1, 3);
    let handle = handles.remove(0);
    let writer = World::real()
        .spawn("writer", move || (0..100).for_each(|at| handle.push(&batch(at * 2..at * 2 + 2)).unwrap()))
        .unwrap();
    let mut numbers = Vec::new();
    loop {
        match fetch(&mut source, 5, Duration::from_secs(60)) {
            Fetch::Rows(fetched) => numbers.extend_from_slice(fetched.batch.column(0).as_primitive::<Int64Type>().values()),
            Fetch::Nothing => panic!("the writer is stuck"),
            Fetch::End => break,
        }
    }
    writer.join().unwrap();
    assert_eq!(numbers, (0..200).collect::<Vec<_>>());
}

#[test]
fn a_waiting_push_learns_that_the_reader_is_gone() {
    let (mut handles, source) = push_source(schema(), 1, 1);
    let handle = handles.remove(0);
    handle.push(&batch(0..1)).unwrap();
    let writer = World::real()
        .spawn("writer", move || assert_eq!(handle.push(&batch(1..2)).unwrap_err().code(), codes::LV_J011))
        .unwrap();
    drop(source);
    writer.join().unwrap();
}

#[test]
fn other_columns_are_refused_whole_and_texts_become_views() {
    let texts = Arc::new(Schema::new(vec![Field::new("t", DataType::Utf8View, true)]));
    let (handles, mut source) = push_source(texts, 1, 10);
    let error = handles[0].push(&batch(0..1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "LV-C050: the pushed rows have other columns than the source: they have (n Int64), not (t Utf8View)"
    );
    let plain: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    handles[0].push(&RecordBatch::try_from_iter([("t", plain)]).unwrap()).unwrap();
    let Fetch::Rows(fetched) = fetch(&mut source, 10, Duration::ZERO) else { panic!("no rows") };
    assert_eq!(fetched.batch.column(0).as_string_view().value(0), "a");
    assert!(matches!(fetch(&mut source, 10, Duration::ZERO), Fetch::Nothing));
}

#[test]
fn only_an_unread_start_can_be_gone_to() {
    let (handles, mut source) = push_source(schema(), 1, 10);
    source.seek(&SourcePosition::default()).unwrap();
    handles[0].push(&batch(0..2)).unwrap();
    next(&mut source, 1);
    assert_eq!(source.seek(&SourcePosition::default()).unwrap_err().code(), codes::LV_C023);
    handles[0].end();
    assert_eq!(handles[0].push(&batch(0..1)).unwrap_err().code(), codes::LV_J011);
}
