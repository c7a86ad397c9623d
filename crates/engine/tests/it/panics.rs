//! A connector that panics: what it belongs to fails, and the database goes on.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use levada::connect::{
    Capabilities, Connector, Context, Delivery, Fetch, FetchLimits, OptionSpec, Options, Replay, Sink, SinkSpec, Source,
    SourcePosition, SourceSpec,
};
use levada::{Database, Epoch, Result, codes};

use crate::support::{rows, run};

#[derive(Clone)]
struct Panics;

impl Source for Panics {
    fn fetch(&mut self, _limits: FetchLimits) -> Result<Fetch> {
        panic!("no fetch")
    }

    fn seek(&mut self, _position: &SourcePosition) -> Result<()> {
        Ok(())
    }
}

impl Sink for Panics {
    fn write(&mut self, _epoch: Epoch, rows: &RecordBatch) -> Result<()> {
        assert_eq!(rows.num_rows(), 0, "no write");
        Ok(())
    }

    fn commit(&mut self, _epoch: Epoch) -> Result<()> {
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Connector for Panics {
    fn name(&self) -> &'static str {
        "panics"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { source: Some(Replay::None), sink: Some(Delivery::AtLeastOnce), needs_format: false, is_live: false }
    }

    fn options(&self) -> &'static [OptionSpec] {
        &[]
    }

    fn is_bounded(&self, _options: &Options) -> bool {
        true
    }

    fn discover(&self, _spec: &SourceSpec, _context: &Context) -> Result<SchemaRef> {
        Ok(Arc::new(Schema::new(vec![Field::new("a", DataType::Int64, true)])))
    }

    fn open_source(&self, _spec: &SourceSpec, _context: &Context) -> Result<Box<dyn Source>> {
        Ok(Box::new(self.clone()))
    }

    fn open_sink(&self, _spec: &SinkSpec, _context: &Context) -> Result<Box<dyn Sink>> {
        Ok(Box::new(self.clone()))
    }
}

fn database() -> Database {
    Database::builder().shards(1).connector(Arc::new(Panics)).open_in_memory().expect("a database")
}

#[test]
fn a_reader_that_panics_ends_its_source_with_an_error() {
    let db = database();
    run(&db, "CREATE SOURCE s WITH (connector = 'panics'); CREATE MATERIALIZED VIEW v AS SELECT a FROM s");
    let error = futures::executor::block_on(db.wait_for_end(&["v"])).expect_err("the source has failed");
    assert_eq!(error.code(), codes::LV_J006);
    assert!(error.message().contains("source \"s\" panicked: no fetch"), "{error}");
}

#[test]
fn a_sink_that_panics_fails_alone() {
    let db = database();
    run(
        &db,
        "CREATE TABLE t (a BIGINT); CREATE SINK k FROM t WITH (connector = 'panics');
         CREATE MATERIALIZED VIEW v AS SELECT a FROM t; INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)",
    );
    assert_eq!(rows(&db, "SELECT a FROM v"), ["1", "2"]);
    let error = futures::executor::block_on(db.wait_for_end(&[])).expect_err("the sink has failed");
    assert_eq!(error.code(), codes::LV_J006);
}

#[test]
fn a_statement_that_panics_fails_and_leaves_nothing() {
    let db = database();
    run(&db, "CREATE TABLE t (a BIGINT); INSERT INTO t VALUES (1)");
    let error = db.execute_blocking("CREATE SINK k FROM t WITH (connector = 'panics')").expect_err("it writes a row at once");
    assert_eq!(error.code(), codes::LV_J006);
    run(&db, "CREATE MATERIALIZED VIEW k AS SELECT a FROM t");
    assert_eq!(rows(&db, "SELECT a FROM k"), ["1"]);
}
