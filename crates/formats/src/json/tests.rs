use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Field, Int64Type, Schema, SchemaRef, TimeUnit};
use levada_base::{Error, codes};
use levada_connect::{Format, Options};

use super::*;
use crate::fault::MEND;
use crate::testing::{decode, encode, plan, schema_of, text_file};

fn read(text: &str, schema: &SchemaRef) -> (Vec<RecordBatch>, Option<Error>) {
    decode(&Json, text.as_bytes(), plan(schema), &Options::default())
}

fn one(name: &str, data_type: DataType) -> SchemaRef {
    schema_of(&[(name, data_type, true)])
}

fn error(text: &str, schema: &SchemaRef) -> String {
    let (batches, error) = read(text, schema);
    assert!(batches.is_empty());
    error.unwrap().to_string()
}

#[test]
fn integers_and_decimals_are_exact() {
    let schema = schema_of(&[("n", DataType::Int64, true), ("d", DataType::Decimal128(38, 18), true)]);
    let text =
        "{\"n\": 9007199254740993, \"d\": 12345678901234567890.123456789012345678}\n{\"n\":-9223372036854775808,\"d\":1e-18}\n";
    let (batches, failed) = read(text, &schema);
    assert!(failed.is_none(), "{failed:?}");
    assert_eq!(batches[0].column(0).as_primitive::<Int64Type>().values(), &[9_007_199_254_740_993, i64::MIN]);
    let decimals = batches[0].column(1).as_primitive::<Decimal128Type>().values();
    assert_eq!(&decimals[..], &[12_345_678_901_234_567_890_123_456_789_012_345_678, 1]);
    assert!(error("{\"n\":9223372036854775808}", &schema).contains("out of range for a BIGINT"));
}

#[test]
fn members_are_found_by_name_and_missing_ones_are_null() {
    let schema = schema_of(&[("a", DataType::Int64, true), ("b", DataType::Utf8View, true)]);
    let (batches, failed) = read("\n{\"x\":{\"a\":[1]},\"b\":\"\\u00e4\\n\",\"A\":1}\n  \n{\"A\":1,\"a\":2}\n{}\n", &schema);
    assert!(failed.is_none(), "{failed:?}");
    let numbers: Vec<_> = batches[0].column(0).as_primitive::<Int64Type>().iter().collect();
    let texts: Vec<_> = batches[0].column(1).as_string_view().iter().collect();
    assert_eq!(numbers, [Some(1), Some(2), None]);
    assert_eq!(texts, [Some("ä\n"), None, None]);
    let upper = one("Ab", DataType::Int64);
    assert!(error("{\"ab\":1,\"AB\":2}", &upper).starts_with("LV-C050: bids.csv, line 1 has several fields"));
}

#[test]
fn a_member_that_may_not_be_null_is_asked_for() {
    let schema = schema_of(&[("price", DataType::Int64, false)]);
    let (batches, failed) = read("{\"price\":1}\n{\"id\":1,\"prize\":2}\n", &schema);
    assert_eq!(batches[0].num_rows(), 1);
    assert_eq!(
        failed.unwrap().to_string(),
        "LV-C050: bids.csv, line 2 has no field for the column \"price\": the column is declared NOT NULL; did you mean \"prize\"?"
    );
    assert!(error("{\"price\":null}", &schema).contains("line 1, column \"price\": null is not allowed"));
}

#[test]
fn wrong_types_and_broken_lines_are_named() {
    let schema = schema_of(&[("n", DataType::Int64, true), ("t", DataType::Utf8View, true), ("b", DataType::Boolean, true)]);
    assert_eq!(
        error("{\"n\":\"abc\"}", &schema),
        format!("LV-C040: bids.csv, line 1, column \"n\": \"abc\" is not a BIGINT; {MEND}")
    );
    assert_eq!(
        error("{\"n\":1.5}", &schema),
        format!("LV-C040: bids.csv, line 1, column \"n\": \"1.5\" is not a BIGINT; {MEND}")
    );
    assert_eq!(error("{\"t\":5}", &schema), format!("LV-C040: bids.csv, line 1, column \"t\": 5 is not a TEXT; {MEND}"));
    assert_eq!(
        error("{\"b\":\"true\"}", &schema),
        format!("LV-C040: bids.csv, line 1, column \"b\": \"true\" is not a BOOLEAN; {MEND}")
    );
    assert!(error("{\"n\":1,\"n\":2}", &schema).contains("the name \"n\" comes twice in one object"));
    assert!(error("{\"x\":{\"y\":1,\"y\":2}}", &schema).contains("comes twice"));
    assert!(error("[{\"n\":1}]", &schema).contains("write one object a line"));
    assert!(error("{\"n\":1} {\"n\":2}", &schema).contains("the end of the line is expected at byte 9"));
    assert!(error("{\"n\":1", &schema).contains("is missing at the end of the line"));
    assert!(error(&format!("{{\"x\":{}", "[".repeat(1_000_000)), &schema).contains("nested"));
}

#[test]
fn bytes_that_are_no_text_are_refused_after_the_rows_before_them() {
    let schema = one("t", DataType::Utf8View);
    let (batches, failed) = decode(&Json, b"{\"t\":\"a\"}\n{\"t\":\"\xff\"}\n", plan(&schema), &Options::default());
    assert_eq!(batches[0].num_rows(), 1);
    assert!(failed.unwrap().to_string().contains("line 2: \"{\"t\":\"\u{fffd}\"}\" is not UTF-8"));
}

#[test]
fn an_error_inside_a_nested_value_keeps_the_rows_before_it() {
    let item = DataType::Struct(vec![Field::new("x", DataType::Int64, false)].into());
    let list = DataType::List(Field::new("item", item, false).into());
    let schema = schema_of(&[("l", list, false), ("n", DataType::Int64, true)]);
    let text = "{\"l\":[{\"x\":1},{\"x\":2}],\"n\":1}\n{\"n\":2,\"l\":[]}\n{\"l\":[{\"x\":3},{\"x\":\"y\"}],\"n\":3}\n";
    let (batches, failed) = read(text, &schema);
    let list = batches[0].column(0).as_list::<i32>();
    assert_eq!((list.value_length(0), list.value_length(1), list.values().len()), (2, 0, 2));
    assert_eq!(
        failed.unwrap().to_string(),
        format!("LV-C040: bids.csv, line 3, column \"l.x\": \"y\" is not a BIGINT; {MEND}")
    );
}

#[test]
fn every_row_without_columns_counts() {
    let (batches, failed) = read("{\"a\":1}\n{}\n", &Arc::new(Schema::empty()));
    assert!(failed.is_none());
    assert_eq!(batches[0].num_rows(), 2);
}

#[test]
fn columns_are_guessed() {
    let text = b"{\"id\":1,\"p\":1,\"at\":\"2026-01-01T00:00:00Z\",\"s\":{\"x\":true},\"l\":[1,2.5]}\n{\"id\":2,\"p\":0.5,\"zip\":\"00501\"}\n";
    let guessed = Json.infer(text_file(text), &Options::default()).unwrap();
    let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let list = DataType::List(Field::new("item", DataType::Float64, true).into());
    let object = DataType::Struct(vec![Field::new("x", DataType::Boolean, true)].into());
    let expected = schema_of(&[
        ("id", DataType::Int64, true),
        ("p", DataType::Float64, true),
        ("at", zoned, true),
        ("s", object, true),
        ("l", list, true),
        ("zip", DataType::Utf8View, true),
    ]);
    assert_eq!(guessed, expected);
    let mixed = Json.infer(text_file(b"{\"a\":1}\n{\"a\":[1]}\n"), &Options::default()).unwrap_err();
    assert_eq!(mixed.code(), codes::LV_S603);
}

#[test]
fn rows_are_written_as_other_readers_expect() {
    let zoned = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let schema = schema_of(&[
        ("n", DataType::Int64, true),
        ("at", zoned, true),
        ("f", DataType::Float64, true),
        ("bytes", DataType::BinaryView, true),
        ("a \"b\"", DataType::Boolean, true),
    ]);
    let text = concat!(
        "{\"n\":9007199254740993,\"at\":\"2026-01-01T00:00:00.5Z\",\"f\":\"NaN\",\"bytes\":\"\\\\x00ff\",\"a \\\"b\\\"\":true}\n",
        "{\"n\":null,\"at\":null,\"f\":1.5,\"bytes\":null,\"a \\\"b\\\"\":null}\n",
    );
    let (batches, failed) = read(text, &schema);
    assert!(failed.is_none(), "{failed:?}");
    let written = encode(&Json, &batches, &schema, &Options::default());
    assert_eq!(String::from_utf8(written.clone()).unwrap(), text);
    for line in written.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        serde_json::from_slice::<serde_json::Value>(line).unwrap();
    }
}
