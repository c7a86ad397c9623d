//! How changes look outside: the encodings of M-4 and M-5, all of the same net changes.

mod columns;
mod pairs;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use levada_base::{Epoch, Result};
use levada_connect::Sink;
use levada_delta::DeltaBatch;

/// An encoding with what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// The columns; only for rows that are never taken back.
    Plain,
    /// `_epoch`, `_weight`, the columns.
    Diff,
    /// `_epoch`, `_op`, the key columns, the others (NULL on delete).
    Upsert { key: Vec<usize> },
    /// `before`, `after`, `op`, `source.epoch`.
    Debezium { key: Vec<usize> },
    /// `_epoch`, `_op`, `_weight`, `_before`, `_after`; updates where there is a key.
    Changes { key: Option<Vec<usize>> },
}

impl Envelope {
    /// The columns outside, for rows of `schema`.
    pub(crate) fn schema(&self, schema: &SchemaRef) -> SchemaRef {
        let row = || DataType::Struct(schema.fields().iter().map(nullable).collect::<Fields>());
        let field = |name: &str, data_type: DataType, null: bool| Arc::new(Field::new(name, data_type, null));
        let epoch = || field("_epoch", DataType::Int64, false);
        let op = |name: &str| field(name, DataType::Utf8View, false);
        let fields: Vec<_> = match self {
            Self::Plain => return schema.clone(),
            Self::Diff => {
                let head = [epoch(), field("_weight", DataType::Int64, false)];
                head.into_iter().chain(schema.fields().iter().cloned()).collect()
            }
            Self::Upsert { key } => {
                let keys = key.iter().map(|&column| Arc::new(schema.field(column).clone()));
                let values = others(schema, key).map(|column| nullable(&schema.fields()[column]));
                [epoch(), op("_op")].into_iter().chain(keys).chain(values).collect()
            }
            Self::Debezium { .. } => {
                let source = DataType::Struct(vec![Field::new("epoch", DataType::Int64, false)].into());
                vec![field("before", row(), true), field("after", row(), true), op("op"), field("source", source, false)]
            }
            Self::Changes { .. } => vec![
                epoch(),
                op("_op"),
                field("_weight", DataType::Int64, false),
                field("_before", row(), true),
                field("_after", row(), true),
            ],
        };
        Arc::new(Schema::new(fields))
    }

    /// The rows outside, for the net changes of an epoch.
    ///
    /// # Errors
    /// `LV-S609` if a key turns out not to be one.
    pub(crate) fn encode(&self, epoch: Epoch, delta: &DeltaBatch) -> Result<RecordBatch> {
        let schema = self.schema(&delta.schema());
        match self {
            Self::Plain => columns::plain(delta),
            Self::Diff => columns::diff(&schema, epoch, delta),
            Self::Upsert { key } => columns::upsert(&schema, epoch, delta, key),
            Self::Debezium { key } => columns::debezium(&schema, epoch, delta, key),
            Self::Changes { key } => columns::changes(&schema, epoch, delta, key.as_deref()),
        }
    }
}

fn nullable(field: &arrow::datatypes::FieldRef) -> arrow::datatypes::FieldRef {
    Arc::new(field.as_ref().clone().with_nullable(true))
}

/// The columns that are not in `key`, in their order.
fn others(schema: &SchemaRef, key: &[usize]) -> impl Iterator<Item = usize> {
    (0..schema.fields().len()).filter(move |column| !key.contains(column))
}

/// A sink with its encoding.
pub(crate) struct Encoded {
    envelope: Envelope,
    sink: Box<dyn Sink>,
}

impl Encoded {
    pub(crate) fn new(envelope: Envelope, sink: Box<dyn Sink>) -> Self {
        Self { envelope, sink }
    }

    /// # Errors
    /// What the sink says; `LV-S609` if a key turns out not to be one.
    pub(crate) fn write(&mut self, epoch: Epoch, changes: &[DeltaBatch]) -> Result<()> {
        for delta in changes {
            self.sink.write(epoch, &self.envelope.encode(epoch, delta)?)?;
        }
        Ok(())
    }

    /// # Errors
    /// What the sink says.
    pub(crate) fn commit(&mut self, epoch: Epoch) -> Result<()> {
        self.sink.commit(epoch)
    }

    /// # Errors
    /// What the sink says.
    pub(crate) fn close(&mut self) -> Result<()> {
        self.sink.close()
    }
}
