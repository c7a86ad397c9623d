//! What a source is, as `CREATE SOURCE` said it.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use levada_base::Result;
use levada_connect::{Checked, Context, Replay, Source, SourceSpec};
use levada_plan::{Expression, Relation};

use super::Prepare;

/// A source, checked and ready to be opened.
#[derive(Clone)]
pub(crate) struct SourceDefinition {
    pub relation: Arc<Relation>,
    pub origin: Origin,
    pub prepare: Arc<Prepare>,
    pub watermark: Option<WatermarkDefinition>,
}

/// Where a source's rows come from.
#[derive(Clone)]
pub(crate) enum Origin {
    /// The program and INSERT; nothing can be read again.
    Push,
    /// A connector, opened with the columns that are not computed.
    Connector { checked: Checked, input: SchemaRef, bounded: bool },
}

/// `WATERMARK FOR column AS expression`.
#[derive(Clone)]
pub(crate) struct WatermarkDefinition {
    /// The event-time column.
    pub column: usize,
    /// What has come up to now, for each row; its maximum is the partition's watermark.
    pub expression: Arc<Expression>,
}

impl SourceDefinition {
    /// Whether the input has an end.
    pub(crate) fn is_bounded(&self) -> bool {
        matches!(self.origin, Origin::Connector { bounded: true, .. })
    }

    /// Whether a job that comes later can read what came before it.
    pub(crate) fn can_replay(&self) -> bool {
        match &self.origin {
            Origin::Push => false,
            Origin::Connector { checked, .. } => checked.connector.capabilities().source == Some(Replay::Seek),
        }
    }

    /// Opens the connector at its start.
    ///
    /// # Errors
    /// What the connector says; for a push source there is nothing to open and the answer is `None`.
    pub(crate) fn open(&self, context: &Context) -> Result<Option<Box<dyn Source>>> {
        let Origin::Connector { checked, input, .. } = &self.origin else { return Ok(None) };
        let spec = SourceSpec { schema: Some(input.clone()), options: checked.options.clone(), format: checked.format.clone() };
        let opened = checked.connector.open_source(&spec, context);
        opened.map(Some).map_err(|error| error.while_doing(format_args!("source \"{}\"", self.relation.name)))
    }
}
