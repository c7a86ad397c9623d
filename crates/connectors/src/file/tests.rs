use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema};
use levada_base::Epoch;
use levada_connect::conformance::{self, Examined};
use levada_connect::{Fetch, FetchLimits, SourcePosition};

use super::*;
use crate::testing::{context, context_with, open_in, put, read_all};

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false), Field::new("t", DataType::Utf8View, true)]))
}

fn open(context: &Context, options: &[(&str, &str)]) -> Result<Box<dyn Source>> {
    open_in(context, FileConnector, options, Some(schema()))
}

fn numbers(batches: &[RecordBatch]) -> Vec<i64> {
    batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect()
}

fn read(context: &Context, options: &[(&str, &str)]) -> Vec<i64> {
    let (batches, error) = read_all(&mut *open(context, options).unwrap(), 5);
    assert!(error.is_none(), "{error:?}");
    numbers(&batches)
}

fn refusal(context: &Context, options: &[(&str, &str)]) -> Error {
    open(context, options).err().unwrap()
}

/// Three files, one of them empty, of together 120 rows.
fn three_files(format: &str) -> Context {
    let context = context();
    let sample = conformance::Sample::new(7);
    let spec = levada_connect::FormatSpec { name: format.to_owned(), position: None, options: Options::default() };
    for (name, rows) in [("a", 70), ("b", 0), ("c", 50)] {
        let file = context.world.files().create(Path::new(&format!("data/{name}.{format}"))).unwrap();
        let mut encoder = context.format(&spec).unwrap().encoder(file, schema(), &Options::default()).unwrap();
        encoder.write(&sample.rows(&schema(), rows)).unwrap();
        encoder.finish().unwrap();
    }
    context
}

#[test]
fn sources_of_every_format_take_the_exam() {
    for format in ["csv", "json", "parquet", "arrow"] {
        let context = three_files(format);
        conformance::source(|| open(&context, &[("path", "data"), ("format", format), ("batch_rows", "9")]).unwrap());
    }
}

#[test]
fn options_take_the_exam() {
    let context = context();
    conformance::options(OPTIONS, &[("path", "a.csv"), ("format", "csv")], &["watch"], |options| {
        context.registry.check(Arc::new(FileConnector), options, None).map(drop)
    });
}

#[test]
fn a_path_means_a_file_a_directory_or_a_pattern() {
    let context = context_with(&[
        ("in/b.csv", "n\n3\n"),
        ("in/a.csv", "n\n1\n2\n"),
        ("in/.hidden.csv", "n\n9\n"),
        ("in/c.txt", "n\n4\n"),
    ]);
    assert_eq!(read(&context, &[("path", "in/a.csv")]), [1, 2]);
    assert_eq!(read(&context, &[("path", "in"), ("format", "csv")]), [1, 2, 3]);
    assert_eq!(read(&context, &[("path", "in/*.csv")]), [1, 2, 3]);
    assert_eq!(read(&context, &[("path", "in/*"), ("format", "CSV")]), [1, 2, 3, 4]);
    assert_eq!(read(&context, &[("path", "in/c.txt"), ("format", "csv")]), [4]);
}

#[test]
fn options_of_the_format_stand_among_those_of_the_file() {
    let context = context_with(&[("a.csv", "1;'x'\n")]);
    assert_eq!(read(&context, &[("header", "false"), ("path", "a.csv"), ("delimiter", ";"), ("quote", "'")]), [1]);
    let error = refusal(&context, &[("path", "a.csv"), ("delimitr", ";")]);
    assert_eq!(
        error.to_string(),
        "LV-C002: connector \"file\" with format \"csv\" has no option \"delimitr\"; did you mean \"delimiter\"?"
    );
    let error = refusal(&context, &[("path", "a.csv"), ("format", "json"), ("delimiter", ";")]);
    assert_eq!(error.code(), codes::LV_C002);
    let error = refusal(&context, &[("path", "a.dat")]);
    assert_eq!((error.code(), error.message()), (codes::LV_C004, "connector \"file\" needs the option \"format\""));
    assert_eq!(refusal(&context, &[("format", "csv")]).code(), codes::LV_C004);
    assert_eq!(refusal(&context, &[("path", " "), ("format", "csv")]).code(), codes::LV_C003);
    assert_eq!(refusal(&context, &[("path", "a.csv"), ("watch", "true")]).code(), codes::LV_S004);
    assert_eq!(refusal(&context, &[("path", "a.csv"), ("roll_bytes", "1 MiB")]).code(), codes::LV_C005);
}

#[test]
fn a_missing_file_is_told_the_nearest_name() {
    let context = context_with(&[("in/bids.csv", "n\n1\n")]);
    let error = refusal(&context, &[("path", "in/bid.csv")]);
    assert_eq!(error.to_string(), "LV-C010: there is no file \"in/bid.csv\"; did you mean 'in/bids.csv'?");
    assert_eq!(refusal(&context, &[("path", "in/*.json")]).code(), codes::LV_C010);
    assert_eq!(refusal(&context, &[("path", "in"), ("format", "json")]).code(), codes::LV_C010);
}

#[test]
fn a_column_that_does_not_fit_is_found_before_a_row_is_read() {
    let context = context_with(&[("a.csv", "m\n1\n")]);
    assert_eq!(refusal(&context, &[("path", "a.csv")]).code(), codes::LV_C050);
}

#[test]
fn a_bad_row_comes_after_the_good_ones_and_again_if_asked_again() {
    let context = context_with(&[("a.csv", "n\n1\n2\nx\n4\n")]);
    let mut source = open(&context, &[("path", "a.csv")]).unwrap();
    let (batches, error) = read_all(&mut *source, 10);
    assert_eq!(numbers(&batches), [1, 2]);
    let expected = "LV-C040: a.csv, line 4, column \"n\": \"x\" is not a BIGINT; correct the value, or declare the column as TEXT and take try_cast of it";
    assert_eq!(error.unwrap().to_string(), expected);
    let (batches, error) = read_all(&mut *source, 10);
    assert!(batches.is_empty());
    assert_eq!(error.unwrap().to_string(), expected);
}

#[test]
fn a_file_that_changed_is_an_error_and_no_other_result() {
    let context = context_with(&[("a.csv", "n\n1\n2\n")]);
    let mut source = open(&context, &[("path", "a.csv")]).unwrap();
    let limits = FetchLimits { rows_max: 1, wait: std::time::Duration::ZERO };
    let Fetch::Rows(first) = source.fetch(limits).unwrap() else { panic!("no rows") };
    put(&context, "a.csv", b"n\n1\n2\n3\n");
    assert_eq!(source.fetch(limits).unwrap_err().code(), codes::LV_C023);
    let mut reopened = open(&context, &[("path", "a.csv")]).unwrap();
    assert_eq!(reopened.seek(&first.position).unwrap_err().code(), codes::LV_C023);
    put(&context, "a.csv", b"n\n1\n2\n");
    reopened.seek(&first.position).unwrap();
    assert_eq!(numbers(&read_all(&mut *reopened, 5).0), [2]);
    context.world.files().remove(Path::new("a.csv")).unwrap();
    assert_eq!(reopened.seek(&first.position).unwrap_err().code(), codes::LV_C023);
    assert_eq!(reopened.seek(&SourcePosition(vec![1, 2, 3])).unwrap_err().code(), codes::LV_C023);
}

#[test]
fn columns_are_discovered() {
    let context = context_with(&[("a.csv", "id,name\n1,x\n")]);
    let checked = context.registry.check(Arc::new(FileConnector), &Options::of(&[("path", "a.csv")]), None).unwrap();
    let spec = SourceSpec { schema: None, options: checked.options, format: checked.format };
    let found = FileConnector.discover(&spec, &context).unwrap();
    let expected = Schema::new(vec![Field::new("id", DataType::Int64, true), Field::new("name", DataType::Utf8View, true)]);
    assert_eq!(*found, expected);
}

fn open_sink(context: &Context, schema: &SchemaRef, options: &[(&str, &str)]) -> Result<Box<dyn Sink>> {
    let checked = context.registry.check(Arc::new(FileConnector), &Options::of(options), None)?;
    FileConnector.open_sink(&SinkSpec { schema: schema.clone(), options: checked.options, format: checked.format }, context)
}

fn listed(context: &Context, directory: &str) -> Vec<PathBuf> {
    context.world.files().list(Path::new(directory)).unwrap()
}

#[test]
fn sinks_of_every_format_take_the_exam() {
    for format in ["csv", "json", "parquet", "arrow"] {
        for roll in [None, Some(("roll_bytes", "1 B"))] {
            conformance::sink(Delivery::TwoPhase, |schema| {
                let context = context();
                let path = format!("out/rows.{format}");
                let options: Vec<_> = [("path", path.as_str())].into_iter().chain(roll).collect();
                let sink = open_sink(&context, schema, &options).unwrap();
                let (schema, pattern) = (schema.clone(), format!("out/*.{format}"));
                let visible = Box::new(move || {
                    let options = [("path", pattern.as_str())];
                    match open_in(&context, FileConnector, &options, Some(schema.clone())) {
                        Ok(mut source) => read_all(&mut *source, 1000).0,
                        Err(_) => Vec::new(),
                    }
                });
                Examined { sink, visible }
            });
        }
    }
}

#[test]
fn a_sink_replaces_a_file_in_one_step_and_leaves_no_other() {
    let context = context_with(&[("out/a.csv", "old\n")]);
    let rows = conformance::Sample::new(1).rows(&schema(), 2);
    let text = || {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut context.world.files().open(Path::new("out/a.csv")).unwrap(), &mut text).unwrap();
        text
    };
    let mut sink = open_sink(&context, &schema(), &[("path", "out/a.csv")]).unwrap();
    sink.write(Epoch(1), &rows).unwrap();
    sink.commit(Epoch(1)).unwrap();
    assert_eq!(text(), "old\n");
    sink.close().unwrap();
    assert!(text().starts_with("n,t\n"));
    assert_eq!(listed(&context, "out"), [PathBuf::from("out/a.csv")]);
    drop(open_sink(&context, &schema(), &[("path", "out/a.csv")]).unwrap());
    assert_eq!(listed(&context, "out"), [PathBuf::from("out/a.csv")]);
}

#[test]
fn parts_are_numbered_and_old_ones_are_not_mixed_with_new() {
    let context = context();
    let rows = conformance::Sample::new(1).rows(&schema(), 2);
    let options = [("path", "out/a.csv"), ("roll_bytes", "1 B")];
    let mut sink = open_sink(&context, &schema(), &options).unwrap();
    for epoch in 1..3 {
        sink.write(Epoch(epoch), &rows).unwrap();
        sink.commit(Epoch(epoch)).unwrap();
    }
    sink.close().unwrap();
    assert_eq!(listed(&context, "out"), [PathBuf::from("out/a-00001.csv"), PathBuf::from("out/a-00002.csv")]);
    assert_eq!(open_sink(&context, &schema(), &options).err().unwrap().code(), codes::LV_C003);
}

#[test]
fn a_sink_into_a_directory_or_with_options_of_a_source_is_refused() {
    let context = context_with(&[("out/a.csv", "old\n")]);
    let code = |options: &[(&str, &str)]| open_sink(&context, &schema(), options).err().unwrap().code();
    assert_eq!(code(&[("path", "out"), ("format", "csv")]), codes::LV_C003);
    assert_eq!(code(&[("path", "out/*.csv")]), codes::LV_C003);
    assert_eq!(code(&[("path", "b.csv"), ("batch_rows", "1")]), codes::LV_C005);
}

#[test]
fn files_that_are_there_come_to_an_end() {
    assert!(FileConnector.is_bounded(&Options::of(&[("path", "a.csv")])));
}
