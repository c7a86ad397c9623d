use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit};
use levada_base::codes;
use levada_connect::{Format, Options};

use super::*;
use crate::fault::{MEND, MEND_LINE};
use crate::testing::{decode, decode_rest, plan, schema_of, text_file};

fn int_and_text() -> SchemaRef {
    schema_of(&[("n", DataType::Int64, true), ("t", DataType::Utf8View, true)])
}

fn read(text: &str, schema: &SchemaRef, options: &[(&str, &str)]) -> (Vec<RecordBatch>, Option<levada_base::Error>) {
    decode(&Csv, text.as_bytes(), plan(schema), &Options::of(options))
}

/// Rows of [`int_and_text`], NULLs as `None`.
fn rows(batches: &[RecordBatch]) -> Vec<(Option<i64>, Option<String>)> {
    let rows = |batch: &RecordBatch| {
        let numbers: Vec<_> = batch.column(0).as_primitive::<Int64Type>().iter().collect();
        let texts: Vec<_> = batch.column(1).as_string_view().iter().map(|text| text.map(str::to_owned)).collect();
        numbers.into_iter().zip(texts).collect::<Vec<_>>()
    };
    batches.iter().flat_map(rows).collect()
}

fn row(number: impl Into<Option<i64>>, text: Option<&str>) -> (Option<i64>, Option<String>) {
    (number.into(), text.map(str::to_owned))
}

#[test]
fn columns_are_found_by_name_and_others_ignored() {
    let (batches, error) = read("extra,T,n\nx,a,1\ny,b,2\n", &int_and_text(), &[]);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(rows(&batches), [row(1, Some("a")), row(2, Some("b"))]);
}

#[test]
fn an_exact_name_wins_over_another_case_and_two_others_are_ambiguous() {
    let (batches, _) = read("N,n,t\n1,2,x\n", &int_and_text(), &[]);
    assert_eq!(rows(&batches), [row(2, Some("x"))]);
    let (_, error) = read("T,n,\u{74}\u{308}\n", &int_and_text(), &[]);
    assert!(error.is_none());
    let upper = schema_of(&[("Name", DataType::Utf8View, true)]);
    assert_eq!(read("name,NAME\n", &upper, &[]).1.unwrap().code(), codes::LV_C050);
}

#[test]
fn quotes_line_ends_and_nulls() {
    let text = "\u{feff}n,t\r\n1,\"a,\"\"b\"\"\nc\"\r\n\r\n2,\r\n3,\"\"\n,x";
    let (batches, error) = read(text, &int_and_text(), &[]);
    assert!(error.is_none(), "{error:?}");
    let expected = [row(1, Some("a,\"b\"\nc")), row(2, None), row(3, Some("")), row(None, Some("x"))];
    assert_eq!(rows(&batches), expected);
}

#[test]
fn dialects() {
    let (batches, error) = read(
        "1\t'it\\'s'\nNULL\t'NULL'\n",
        &int_and_text(),
        &[("header", "false"), ("delimiter", "\\t"), ("quote", "'"), ("escape", "\\"), ("null", "NULL")],
    );
    assert!(error.is_none(), "{error:?}");
    assert_eq!(rows(&batches), [row(1, Some("it's")), row(None, Some("NULL"))]);
}

#[test]
fn a_missing_column_is_null_or_an_error_with_the_nearest_field() {
    let (batches, _) = read("n\n1\n", &int_and_text(), &[]);
    assert_eq!(rows(&batches), [row(1, None)]);
    let price = schema_of(&[("price", DataType::Int64, false)]);
    let error = read("id,prize\n1,2\n", &price, &[]).1.unwrap();
    assert_eq!(
        error.to_string(),
        "LV-C050: bids.csv has no field for the column \"price\": the column is declared NOT NULL; did you mean \"prize\"?"
    );
}

#[test]
fn a_bad_value_is_named_after_the_rows_before_it_went_out() {
    let schema = schema_of(&[("price", DataType::Int64, true)]);
    let text = "id,price\n".to_owned() + &"\"a\nb\",5\n".repeat(8) + "c,abc\nd,6\n";
    let (batches, error) = read(&text, &schema, &[]);
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 8);
    // Eight records of two lines each, after the header.
    assert_eq!(
        error.unwrap().to_string(),
        format!("LV-C040: bids.csv, line 18, column \"price\": \"abc\" is not a BIGINT; {MEND}")
    );
}

#[test]
fn broken_rows_are_errors_with_their_line() {
    let reason = |text: &str| {
        let error = read(text, &int_and_text(), &[]).1.unwrap();
        assert_eq!(error.code(), codes::LV_C040);
        error.to_string()
    };
    assert_eq!(reason("n,t\n1,a\n1\n"), format!("LV-C040: bids.csv, line 3: 1 fields where 2 are needed: \"1\"; {MEND_LINE}"));
    assert_eq!(
        reason("n,t\n1,\"a"),
        format!("LV-C040: bids.csv, line 2: a quote is opened and never closed: \"1,\"a\"; {MEND_LINE}")
    );
    assert!(reason("n,t\n1,\"a\"b\n").contains("line 2: text follows a closing quote"));
    let not_null = schema_of(&[("n", DataType::Int64, false)]);
    let error = read("n,t\n,x\n", &not_null, &[]).1.unwrap();
    assert!(
        error.to_string().contains("line 2, column \"n\": the field is empty and the column is declared NOT NULL"),
        "{error}"
    );
    let (batches, error) = decode(&Csv, b"n,t\n1,a\n2,\xff\n", plan(&int_and_text()), &Options::default());
    assert_eq!((rows(&batches), error.unwrap().code()), (vec![row(1, Some("a"))], codes::LV_C040));
}

#[test]
fn an_endless_quote_is_refused_in_bounded_memory() {
    let text = "n,t\n1,\"".to_owned() + &"x".repeat(crate::input::RECORD_BYTES_MAX * 2);
    assert!(read(&text, &int_and_text(), &[]).1.unwrap().to_string().contains("longer than"));
}

#[test]
fn a_file_of_one_column_has_nulls_in_empty_lines() {
    let schema = schema_of(&[("n", DataType::Int64, true)]);
    let (batches, _) = read("n\n1\n\n2\n", &schema, &[]);
    let numbers: Vec<_> = batches[0].column(0).as_primitive::<Int64Type>().iter().collect();
    assert_eq!(numbers, [Some(1), None, Some(2)]);
}

#[test]
fn nothing_at_all_is_no_rows_and_after_an_error_comes_the_end() {
    assert!(read("", &int_and_text(), &[]).0.is_empty());
    assert!(read("n,t\n", &int_and_text(), &[]).0.is_empty());
    let mut decoder = Csv.decoder(text_file(b"n,t\nx,y\n"), plan(&int_and_text()), &Options::default()).unwrap();
    assert!(decoder.next().is_err());
    let (batches, error) = decode_rest(&mut *decoder);
    assert!(batches.is_empty() && error.is_none());
}

#[test]
fn bad_dialects_are_refused() {
    let code = |pairs: &[(&str, &str)]| Csv.check(&Options::of(pairs)).unwrap_err().code();
    assert_eq!(code(&[("delimiter", "ab")]), codes::LV_C003);
    assert_eq!(code(&[("delimiter", "ü")]), codes::LV_C003);
    assert_eq!(code(&[("quote", "")]), codes::LV_C003);
    assert_eq!(code(&[("delimiter", "\"")]), codes::LV_C005);
    assert_eq!(code(&[("null", "a,b")]), codes::LV_C003);
}

#[test]
fn nested_columns_are_refused() {
    let list = DataType::List(Field::new("item", DataType::Int64, true).into());
    let schema = schema_of(&[("l", list, true)]);
    let error = Csv.decoder(text_file(b"l\n"), plan(&schema), &Options::default()).err().unwrap();
    assert_eq!(error.code(), codes::LV_C003);
    assert!(error.to_string().contains("column \"l\" of type BIGINT[]"), "{error}");
}

#[test]
fn columns_are_guessed() {
    let text = b"id,price,day,at,ok,name,nothing\n1,1.5,2026-01-01,2026-01-01 10:00:00,true,x,\n2,2,2026-01-02,,false,y,\n";
    let guessed = Csv.infer(text_file(text), &Options::default()).unwrap();
    let timestamp = DataType::Timestamp(TimeUnit::Microsecond, None);
    let expected = [
        ("id", DataType::Int64),
        ("price", DataType::Float64),
        ("day", DataType::Date32),
        ("at", timestamp),
        ("ok", DataType::Boolean),
        ("name", DataType::Utf8View),
        ("nothing", DataType::Utf8View),
    ];
    let expected: Vec<Field> = expected.into_iter().map(|(name, data_type)| Field::new(name, data_type, true)).collect();
    assert_eq!(*guessed, Schema::new(expected));
    let unnamed = Csv.infer(text_file(b"1,x\n"), &Options::of(&[("header", "false")])).unwrap();
    assert_eq!(unnamed.field(1).name(), "column_2");
    assert_eq!(Csv.infer(text_file(b""), &Options::default()).unwrap_err().code(), codes::LV_S603);
}

#[test]
fn rows_are_written_so_that_another_reader_knows_them() {
    let rows = read("n,t\n1,\"a,b\"\n,\"\"\n3,\n", &int_and_text(), &[]).0;
    let written = crate::testing::encode(&Csv, &rows, &int_and_text(), &Options::default());
    assert_eq!(String::from_utf8(written).unwrap(), "n,t\n1,\"a,b\"\n,\"\"\n3,\n");
    assert_eq!(rows[0].column(1).null_count(), 1);
}
