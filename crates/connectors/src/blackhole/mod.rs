//! A sink that keeps nothing but counts, and a digest if it is asked for: what a benchmark or a test writes into.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use levada_base::{Epoch, Error, Result};
use levada_connect::{
    Capabilities, Connector, Context, Delivery, OptionKind, OptionSpec, Options, Sink, SinkSpec, Source, SourceSpec,
};

use crate::role;

mod digest;
#[cfg(test)]
mod tests;

/// The connector `blackhole`.
#[derive(Clone, Default)]
pub struct BlackholeConnector {
    totals: Totals,
}

/// What one sink has swallowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Total {
    /// Rows written.
    pub rows: u64,
    /// Rows in epochs that were committed.
    pub committed_rows: u64,
    /// The last epoch that was committed.
    pub committed: Epoch,
    /// Sum of the rows' hashes, the same for the same rows in any order and any batches; 0 without `digest`.
    pub digest: u64,
}

/// The totals of every blackhole of a database, by the option `name`; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Totals(Arc<Mutex<BTreeMap<String, Total>>>);

impl Totals {
    /// The total of the sinks of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Total {
        self.lock().get(name).copied().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Total>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, name: &str, update: impl FnOnce(&mut Total)) {
        update(self.lock().entry(name.to_owned()).or_default());
    }
}

const NAME: &str = "blackhole";

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: "digest",
        kind: OptionKind::Bool,
        default: Some("false"),
        required: false,
        help: "whether a hash of the rows is kept, whatever their order",
    },
    OptionSpec {
        name: "name",
        kind: OptionKind::Text,
        default: Some("blackhole"),
        required: false,
        help: "under which its totals are asked for",
    },
];

impl BlackholeConnector {
    /// A connector whose sinks count in `totals`.
    #[must_use]
    pub fn new(totals: Totals) -> Self {
        Self { totals }
    }
}

impl Connector for BlackholeConnector {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { source: None, sink: Some(Delivery::AtLeastOnce), needs_format: false, is_live: false }
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn is_bounded(&self, _options: &Options) -> bool {
        false
    }

    fn discover(&self, _spec: &SourceSpec, _context: &Context) -> Result<SchemaRef> {
        Err(role::is_no_source(NAME))
    }

    fn open_source(&self, _spec: &SourceSpec, _context: &Context) -> Result<Box<dyn Source>> {
        Err(role::is_no_source(NAME))
    }

    fn open_sink(&self, spec: &SinkSpec, _context: &Context) -> Result<Box<dyn Sink>> {
        let digests = spec.options.bool(OPTIONS, "digest").unwrap_or(false);
        let digest = if digests { Some(digest::Digest::new(&spec.schema)?) } else { None };
        let name = spec.options.text(OPTIONS, "name").unwrap_or(NAME).to_owned();
        self.totals.update(&name, |_| {});
        Ok(Box::new(Blackhole { name, totals: self.totals.clone(), digest }))
    }
}

struct Blackhole {
    name: String,
    totals: Totals,
    digest: Option<digest::Digest>,
}

impl Sink for Blackhole {
    fn write(&mut self, _epoch: Epoch, rows: &RecordBatch) -> Result<()> {
        let digest = match &mut self.digest {
            Some(digest) => digest.of(rows)?,
            None => 0,
        };
        self.totals.update(&self.name, |total| {
            total.rows += rows.num_rows() as u64;
            total.digest = total.digest.wrapping_add(digest);
        });
        Ok(())
    }

    fn commit(&mut self, epoch: Epoch) -> Result<()> {
        self.totals.update(&self.name, |total| {
            total.committed_rows = total.rows;
            total.committed = total.committed.max(epoch);
        });
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

fn arrow_bug(cause: arrow::error::ArrowError) -> Error {
    Error::internal(format!("digest: {cause}"))
}
