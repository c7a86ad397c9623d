//! Pushing while an epoch runs: the only way to be sure of one is to push from inside of it, out of a sink.

use std::sync::{Arc, Mutex, OnceLock};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use levada::connect::{Capabilities, Connector, Context, Delivery, OptionSpec, Options, Sink, SinkSpec, Source, SourceSpec};
use levada::{Code, Database, Epoch, Error, Result, SourceHandle, codes};

use crate::support::{batch, ints, rows, run};

/// Pushes every row it is given back into a source, and keeps what was said to that.
#[derive(Clone, Default)]
struct Echo {
    source: Arc<OnceLock<SourceHandle>>,
    said: Arc<Mutex<Vec<Code>>>,
}

impl Sink for Echo {
    fn write(&mut self, _epoch: Epoch, rows: &RecordBatch) -> Result<()> {
        if let Some(source) = self.source.get()
            && let Err(error) = source.try_push(rows.clone())
        {
            self.said.lock().unwrap().push(error.code());
        }
        Ok(())
    }

    fn commit(&mut self, _epoch: Epoch) -> Result<()> {
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Connector for Echo {
    fn name(&self) -> &'static str {
        "echo"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { source: None, sink: Some(Delivery::AtLeastOnce), needs_format: false, is_live: false }
    }

    fn options(&self) -> &'static [OptionSpec] {
        &[]
    }

    fn is_bounded(&self, _options: &Options) -> bool {
        true
    }

    fn discover(&self, _spec: &SourceSpec, _context: &Context) -> Result<SchemaRef> {
        Err(Error::internal("echo is no source"))
    }

    fn open_source(&self, _spec: &SourceSpec, _context: &Context) -> Result<Box<dyn Source>> {
        Err(Error::internal("echo is no source"))
    }

    fn open_sink(&self, _spec: &SinkSpec, _context: &Context) -> Result<Box<dyn Sink>> {
        Ok(Box::new(self.clone()))
    }
}

#[test]
fn try_push_refuses_while_an_epoch_runs() {
    let echo = Echo::default();
    let db = Database::builder().shards(1).connector(Arc::new(echo.clone())).open_in_memory().expect("a database");
    run(
        &db,
        "CREATE SOURCE s (a BIGINT); CREATE MATERIALIZED VIEW v AS SELECT a FROM s; CREATE SINK e FROM s WITH (connector = 'echo')",
    );
    let source = db.source("s").expect("a source");
    assert!(echo.source.set(db.source("s").expect("a source")).is_ok());

    source.try_push(batch(vec![("a", ints(&[1]))])).expect("nothing else runs");
    assert_eq!(*echo.said.lock().unwrap(), [codes::LV_J141]);
    assert_eq!(rows(&db, "SELECT a FROM v"), ["1"], "nothing of what was refused was taken");
}
