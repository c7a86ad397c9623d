//! Every format takes the exam of formats.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use levada_base::{Result, codes};
use levada_connect::conformance::{FormatExam, Shape, format, mutations, options};
use levada_connect::{Format, Options};
use levada_formats::{ArrowIpc, Csv, Json, Parquet};

const ROUND_TRIPS: u64 = 300;
const MUTANTS: u64 = 3_000;

fn exam<'a>(of: &'a dyn Format, shape: Shape, pairs: &[(&str, &str)], cases: u64) -> FormatExam<'a> {
    FormatExam { format: of, options: Options::of(pairs), shape, cases }
}

/// What a statement's options go through.
fn check(of: &dyn Format) -> impl Fn(&Options) -> Result<()> {
    move |options| {
        options.check(of.name(), of.options())?;
        of.check(options)
    }
}

#[test]
fn csv_reads_what_it_wrote() {
    format(&exam(&Csv, Shape::Flat, &[], ROUND_TRIPS));
}

#[test]
fn csv_of_another_dialect_reads_what_it_wrote() {
    let dialect = [("header", "false"), ("delimiter", " "), ("quote", "'"), ("escape", "\\"), ("null", "NULL")];
    format(&exam(&Csv, Shape::Flat, &dialect, ROUND_TRIPS));
}

#[test]
fn json_reads_what_it_wrote() {
    format(&exam(&Json, Shape::Nested, &[], ROUND_TRIPS));
}

#[test]
fn parquet_reads_what_it_wrote() {
    for compression in ["none", "snappy", "zstd"] {
        let pairs = [("compression", compression), ("row_group_rows", "8")];
        format(&exam(&Parquet, Shape::Nested, &pairs, ROUND_TRIPS / 3));
    }
}

#[test]
fn arrow_reads_what_it_wrote() {
    for layout in ["file", "stream"] {
        format(&exam(&ArrowIpc, Shape::Nested, &[("layout", layout)], ROUND_TRIPS / 2));
    }
}

#[test]
fn mutated_csv_ends_in_an_error_or_rows() {
    mutations(&exam(&Csv, Shape::Flat, &[], MUTANTS));
}

#[test]
fn mutated_json_ends_in_an_error_or_rows() {
    mutations(&exam(&Json, Shape::Nested, &[], MUTANTS));
}

#[test]
fn mutated_parquet_ends_in_an_error_or_rows() {
    mutations(&exam(&Parquet, Shape::Nested, &[("compression", "none")], MUTANTS));
}

#[test]
fn mutated_arrow_ends_in_an_error_or_rows() {
    for layout in ["file", "stream"] {
        mutations(&exam(&ArrowIpc, Shape::Nested, &[("layout", layout)], MUTANTS / 2));
    }
}

#[test]
fn options_are_checked() {
    for of in [&Csv as &dyn Format, &Json, &Parquet, &ArrowIpc] {
        // Each character of a dialect must be another one than the others.
        options(of.options(), &[], &["delimiter", "quote", "escape", "null"], check(of));
    }
}

#[test]
fn columns_without_a_text_form_are_refused_by_name() {
    let interval = DataType::Interval(arrow::datatypes::IntervalUnit::MonthDayNano);
    let schema = Arc::new(Schema::new(vec![Field::new("gap", interval, true)]));
    for of in [&Csv as &dyn Format, &Json, &Parquet] {
        let file = levada_base::MemoryFiles::default();
        let file = levada_base::Files::create(&file, std::path::Path::new("x")).unwrap();
        let error = of.encoder(file, schema.clone(), &Options::default()).err().unwrap();
        assert_eq!(error.code(), codes::LV_C003, "{}", of.name());
    }
}
