use std::sync::Arc;

use arrow::array::Int64Array;
use arrow::datatypes::{DataType, Field, Schema};
use levada_base::{Kind, Position};
use levada_connect::OptionValue;

use super::*;
use crate::testing::context;

fn rows() -> RecordBatch {
    let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
    RecordBatch::try_new(schema, vec![Arc::new(Int64Array::from(vec![Some(1), None]))]).unwrap()
}

fn open(output: Output, options: &[(&str, &str)]) -> Result<Box<dyn Sink>> {
    let context = context();
    let checked = context.registry.check(Arc::new(StdoutConnector::new(output)), &Options::of(options), None)?;
    let spec = SinkSpec { schema: rows().schema(), options: checked.options, format: checked.format };
    checked.connector.open_sink(&spec, &context)
}

fn written(options: &[(&str, &str)]) -> String {
    let output = Arc::new(Mutex::new(Vec::new()));
    let mut sink = open(Output::shared(&output), options).unwrap();
    sink.write(Epoch(1), &rows()).unwrap();
    sink.commit(Epoch(1)).unwrap();
    let text = String::from_utf8(output.lock().unwrap().clone()).unwrap();
    sink.close().unwrap();
    text
}

#[test]
fn rows_are_out_when_their_epoch_is_committed() {
    assert_eq!(written(&[]), "{\"n\":1}\n{\"n\":null}\n");
    assert_eq!(written(&[("format", "csv")]), "n\n1\n\n");
    assert_eq!(written(&[("format", "csv"), ("header", "off"), ("null", "-")]), "1\n-\n");
}

#[test]
fn formats_with_a_footer_and_unknown_options_are_refused() {
    let code = |options: &[(&str, &str)]| open(Output::new(Vec::new()), options).err().unwrap().code();
    assert_eq!(code(&[("format", "parquet")]), codes::LV_C003);
    assert_eq!(code(&[("format", "jsn")]), codes::LV_C001);
    assert_eq!(code(&[("header", "true")]), codes::LV_C002);
    assert_eq!(code(&[("format", "csv"), ("delimiter", "ab")]), codes::LV_C003);
}

#[test]
fn an_error_has_the_place_of_its_option() {
    let option = OptionValue {
        key: "format".to_owned(),
        value: "cvs".to_owned(),
        key_position: Some(Position::new(1, 20)),
        value_position: Some(Position::new(1, 30)),
    };
    let connector = Arc::new(StdoutConnector::new(Output::default()));
    let error = context().registry.check(connector, &Options::new(vec![option]), None).err().unwrap();
    assert_eq!((error.position(), error.hint()), (Some(Position::new(1, 30)), Some("did you mean 'csv'?")));
}

struct ClosedPipe;

impl Write for ClosedPipe {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_a_clean_error() {
    let mut sink = open(Output::new(ClosedPipe), &[]).unwrap();
    sink.write(Epoch(1), &rows()).unwrap();
    let error = sink.commit(Epoch(1)).unwrap_err();
    assert_eq!(error.to_string(), "LV-C030: output closed: its reader is gone");
    assert_eq!(error.kind(), Kind::Unavailable);
}

#[test]
fn it_takes_the_exam_of_sinks() {
    use levada_connect::conformance::{Examined, sink};
    use levada_connect::{Format, ReadPlan};
    sink(Delivery::AtLeastOnce, |schema| {
        let output = Arc::new(Mutex::new(Vec::new()));
        let context = context();
        let connector = StdoutConnector::new(Output::shared(&output));
        let checked = context.registry.check(Arc::new(connector), &Options::default(), None).unwrap();
        let spec = SinkSpec { schema: schema.clone(), options: checked.options, format: checked.format };
        let sink = checked.connector.open_sink(&spec, &context).unwrap();
        let schema = schema.clone();
        let visible = Box::new(move || {
            let bytes = std::io::Cursor::new(output.lock().unwrap().clone());
            let plan = ReadPlan { schema: schema.clone(), batch_rows: 100, skip_rows: 0, file: "output".to_owned() };
            let mut decoder = levada_formats::Json.decoder(Box::new(bytes), plan, &Options::default()).unwrap();
            std::iter::from_fn(|| decoder.next().unwrap()).collect()
        });
        Examined { sink, visible }
    });
}
