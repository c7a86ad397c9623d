use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field as Column, Float64Type, Int64Type, Schema, TimeUnit, TimestampMicrosecondType};
use levada_connect::{Fetch, FetchLimits, conformance};

use super::*;
use crate::testing::{context, open, open_in, read_all};

const TIME: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

fn schema(columns: &[(&str, DataType, bool)]) -> Option<SchemaRef> {
    let column = |(name, data_type, nullable): &(&str, DataType, bool)| Column::new(*name, data_type.clone(), *nullable);
    Some(Arc::new(Schema::new(columns.iter().map(column).collect::<Vec<_>>())))
}

fn rows(columns: &[(&str, DataType, bool)], options: &[(&str, &str)]) -> RecordBatch {
    let mut source = open(&GeneratorConnector, options, schema(columns)).unwrap();
    let (batches, error) = read_all(&mut *source, 10_000);
    assert!(error.is_none(), "{error:?}");
    batches.into_iter().next().unwrap()
}

fn code(columns: &[(&str, DataType, bool)], options: &[(&str, &str)]) -> levada_base::Code {
    open(&GeneratorConnector, options, schema(columns)).err().unwrap().code()
}

#[test]
fn it_takes_the_exam_of_sources() {
    let columns = schema(&[
        ("id", DataType::Int64, false),
        ("small", DataType::Int16, true),
        ("f", DataType::Float64, true),
        ("at", TIME, false),
        ("t", DataType::Utf8View, true),
        ("b", DataType::Boolean, true),
        ("d", DataType::Date32, true),
    ]);
    let options = [("rows_max", "300"), ("fields.t.nulls", "0.5"), ("fields.f.kind", "random")];
    conformance::source(|| open(&GeneratorConnector, &options, columns.clone()).unwrap());
    conformance::options(OPTIONS, &[], &[], |options| {
        context().registry.check(Arc::new(GeneratorConnector), options, None).map(drop)
    });
}

#[test]
fn sequences_and_event_times_advance_with_the_rows() {
    let columns = [("id", DataType::Int64, false), ("at", TIME, false), ("f", DataType::Float64, false)];
    let rows = rows(
        &columns,
        &[
            ("rows_max", "3"),
            ("fields.id.start", "10"),
            ("fields.id.step", "-2"),
            ("fields.at.step", "1 s"),
            ("fields.at.start", "2026-01-01 10:00:00"),
            ("fields.f.step", "0.5"),
        ],
    );
    assert_eq!(rows.column(0).as_primitive::<Int64Type>().values(), &[10, 8, 6]);
    let ten = 1_767_261_600_000_000;
    assert_eq!(rows.column(1).as_primitive::<TimestampMicrosecondType>().values(), &[ten, ten + 1_000_000, ten + 2_000_000]);
    assert_eq!(rows.column(2).as_primitive::<Float64Type>().values(), &[0.0, 0.5, 1.0]);
}

#[test]
fn random_values_fill_their_range() {
    let columns = [("n", DataType::Int64, true), ("f", DataType::Float64, true), ("t", DataType::Utf8View, true)];
    let rows = rows(
        &columns,
        &[
            ("rows_max", "2000"),
            ("fields.n.kind", "random"),
            ("fields.n.min", "-1"),
            ("fields.n.max", "1"),
            ("fields.f.kind", "random"),
            ("fields.f.min", "5"),
            ("fields.f.max", "6"),
            ("fields.t.length", "3"),
            ("fields.t.nulls", "0.25"),
        ],
    );
    let numbers = rows.column(0).as_primitive::<Int64Type>();
    for wanted in [-1, 0, 1] {
        let count = numbers.values().iter().filter(|number| **number == wanted).count();
        assert!((550..780).contains(&count), "{wanted} came {count} times");
    }
    assert!(rows.column(1).as_primitive::<Float64Type>().values().iter().all(|float| (5.0..6.0).contains(float)));
    let texts = rows.column(2).as_string_view();
    assert!((400..600).contains(&texts.null_count()));
    assert!(texts.iter().flatten().all(|text| text.len() == 3));
}

#[test]
fn what_does_not_fit_a_column_is_refused() {
    let id = [("id", DataType::Int64, false)];
    let error = open(&GeneratorConnector, &[("fields.ids.start", "1")], schema(&id)).err().unwrap();
    assert_eq!((error.code(), error.hint()), (codes::LV_C002, Some("did you mean \"id\"?")));
    assert_eq!(code(&id, &[("fields.id.start", "x")]), codes::LV_C003);
    assert_eq!(code(&id, &[("fields.id.max", "9")]), codes::LV_C003);
    assert_eq!(code(&id, &[("fields.id.nulls", "0.5")]), codes::LV_C003);
    assert_eq!(code(&id, &[("fields.id.kind", "random"), ("fields.id.min", "2"), ("fields.id.max", "1")]), codes::LV_C003);
    assert_eq!(code(&[("at", TIME, true)], &[("fields.at.step", "5")]), codes::LV_C003);
    assert_eq!(code(&[("b", DataType::BinaryView, true)], &[]), codes::LV_C003);
    assert_eq!(open(&GeneratorConnector, &[], None).err().unwrap().code(), codes::LV_S603);
}

#[test]
fn a_sequence_beyond_its_type_is_an_error_and_no_other_number() {
    let small = schema(&[("n", DataType::Int8, true)]);
    let mut source = open(&GeneratorConnector, &[("fields.n.start", "126")], small).unwrap();
    let (batches, error) = read_all(&mut *source, 2);
    assert_eq!(batches.len(), 1);
    assert_eq!(error.unwrap().code(), codes::LV_C040);
}

#[test]
fn rows_come_no_faster_than_asked_for() {
    let (world, clock) = levada_base::World::sim(1);
    let context = Context { world, ..context() };
    let options = [("rows_per_second", "10")];
    let mut source = open_in(&context, GeneratorConnector, &options, schema(&[("id", DataType::Int64, true)])).unwrap();
    let mut fetch = || source.fetch(FetchLimits { rows_max: 100, wait: Duration::ZERO }).unwrap();
    assert!(matches!(fetch(), Fetch::Nothing));
    clock.advance(Duration::from_millis(500));
    assert!(matches!(fetch(), Fetch::Rows(fetched) if fetched.batch.num_rows() == 5));
    assert!(matches!(fetch(), Fetch::Nothing));
}

#[test]
fn it_ends_only_if_it_is_told_how_many_rows() {
    assert!(GeneratorConnector.is_bounded(&Options::of(&[("rows_max", "1")])));
    assert!(!GeneratorConnector.is_bounded(&Options::default()));
}
