use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, DictionaryArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use levada_base::codes;
use levada_connect::Options;

use super::*;
use crate::testing::{decode, encode, plan, schema_of};

/// Two messages with a dictionary, as another program writes them.
fn foreign(layout: &str) -> Vec<u8> {
    let part = |from: i64| {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(from..from + 3));
        let words: DictionaryArray<Int32Type> = ["x", "y", "x"].into_iter().collect();
        RecordBatch::try_from_iter([("n", numbers), ("word", Arc::new(words) as ArrayRef)]).unwrap()
    };
    let parts = [part(0), part(3)];
    encode(&ArrowIpc, &parts, &parts[0].schema(), &Options::of(&[("layout", layout)]))
}

#[test]
fn both_layouts_are_told_apart_and_read() {
    let wanted = schema_of(&[("WORD", DataType::Utf8View, true), ("n", DataType::Int64, true)]);
    for layout in ["file", "stream"] {
        let (batches, error) = decode(&ArrowIpc, &foreign(layout), plan(&wanted), &Options::default());
        assert!(error.is_none(), "{layout}: {error:?}");
        let numbers: Vec<i64> =
            batches.iter().flat_map(|batch| batch.column(1).as_primitive::<Int64Type>().values().to_vec()).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5], "{layout}");
        assert_eq!(batches[0].column(0).as_string_view().value(1), "y");
    }
}

#[test]
fn a_cut_file_is_an_error_and_a_cut_stream_never_another_result() {
    let wanted = schema_of(&[("n", DataType::Int64, true)]);
    let file = foreign("file");
    for end in 0..file.len() {
        let (_, error) = decode(&ArrowIpc, &file[..end], plan(&wanted), &Options::default());
        assert_eq!(error.map(|error| error.code()), Some(codes::LV_C040), "file of {end} bytes");
    }
    let stream = foreign("stream");
    for end in 0..stream.len() {
        let (batches, _) = decode(&ArrowIpc, &stream[..end], plan(&wanted), &Options::default());
        let numbers: Vec<i64> =
            batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
        assert!([0, 1, 2, 3, 4, 5].starts_with(&numbers), "stream of {end} bytes gave {numbers:?}");
    }
}
