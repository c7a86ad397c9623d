use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int32Array, RecordBatch, StringArray, StringViewArray};
use arrow::datatypes::{DataType, Int64Type};
use levada_base::codes;
use levada_connect::{Format, Options};

use super::*;
use crate::testing::{decode, encode, plan, schema_of};

/// A file as another program writes it: 32-bit numbers, plain texts, more columns than wanted.
fn foreign() -> (SchemaRef, Vec<u8>) {
    let columns: [(&str, ArrayRef, bool); 3] = [
        ("extra", Arc::new(Int32Array::from(vec![7, 8, 9])), true),
        ("Name", Arc::new(StringArray::from(vec![Some("a"), None, Some("a text of more than twelve bytes")])), true),
        ("id", Arc::new(Int32Array::from(vec![1, 2, 3])), true),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let bytes = encode(&Parquet, std::slice::from_ref(&batch), &batch.schema(), &Options::default());
    (batch.schema(), bytes)
}

#[test]
fn columns_of_another_program_are_found_by_name_and_widened() {
    let (_, bytes) = foreign();
    let wanted =
        schema_of(&[("id", DataType::Int64, false), ("name", DataType::Utf8View, true), ("none", DataType::Int64, true)]);
    let (batches, error) = decode(&Parquet, &bytes, plan(&wanted), &Options::default());
    assert!(error.is_none(), "{error:?}");
    assert_eq!(batches[0].schema(), wanted);
    assert_eq!(batches[0].column(0).as_primitive::<Int64Type>().values(), &[1, 2, 3]);
    let texts = StringViewArray::from(vec![Some("a"), None, Some("a text of more than twelve bytes")]);
    assert_eq!(batches[0].column(1).as_string_view(), &texts);
    assert_eq!(batches[0].column(2).null_count(), 3);
}

#[test]
fn a_column_that_is_missing_or_of_another_type_is_refused_at_once() {
    let (_, bytes) = foreign();
    let open = |name, data_type, nullable| {
        let wanted = schema_of(&[(name, data_type, nullable)]);
        let (batches, error) = decode(&Parquet, &bytes, plan(&wanted), &Options::default());
        assert!(batches.is_empty());
        error.unwrap().to_string()
    };
    assert!(open("extras", DataType::Int64, false).contains("did you mean \"extra\"?"));
    assert_eq!(
        open("name", DataType::Int64, true),
        "LV-C050: bids.csv, column \"name\": it is declared BIGINT and the file has TEXT; declare it TEXT"
    );
}

#[test]
fn a_null_in_a_column_without_nulls_is_named_with_its_row() {
    let (_, bytes) = foreign();
    let wanted = schema_of(&[("name", DataType::Utf8View, false)]);
    let (_, error) = decode(&Parquet, &bytes, plan(&wanted), &Options::default());
    assert!(error.unwrap().to_string().starts_with("LV-C040: bids.csv, row 2, column \"name\": the value is NULL"));
}

#[test]
fn cut_and_foreign_bytes_are_no_parquet() {
    let (schema, bytes) = foreign();
    let wanted = levada_delta::engine_schema(&schema);
    for end in 0..bytes.len() {
        let (_, error) = decode(&Parquet, &bytes[..end], plan(&wanted), &Options::default());
        let error = error.unwrap_or_else(|| panic!("{end} of {} bytes were read without complaint", bytes.len()));
        assert_eq!(error.code(), codes::LV_C040, "{error}");
    }
    let error = Parquet.infer(crate::testing::text_file(b"a,b\n1,2\n"), &Options::default()).unwrap_err();
    assert_eq!(error.code(), codes::LV_C040);
}
