//! The Nexmark auction site as a source: bids, auctions and persons, the same rows for the same seed, on every machine.
//!
//! The rules are those of the Nexmark benchmark (Tucker, Tufte, Papadimos, Maier: "NEXMark: a benchmark for queries over data streams",
//! and its generator in Apache Beam). Every row is a function of its event number, so a source can go to any position at once.

mod generator;
mod source;
#[cfg(test)]
mod tests;

use arrow::datatypes::{Schema, SchemaRef};
use levada_base::{Error, Result, codes, nearest};
use levada_connect::{
    Capabilities, Connector, Context, OptionKind, OptionSpec, Options, Replay, Sink, SinkSpec, Source, SourceSpec,
};

use crate::role;
pub use generator::{Config, Generator, Table};

/// The connector `nexmark`.
#[derive(Debug, Clone, Copy, Default)]
pub struct NexmarkConnector;

const NAME: &str = "nexmark";

/// Event numbers stay below this, so that no arithmetic on them can overflow.
const EVENTS_MAX: i64 = 1_000_000_000_000;

const OPTIONS: &[OptionSpec] = &[
    OptionSpec {
        name: "table",
        kind: OptionKind::Choice(&["bid", "auction", "person"]),
        default: Some("bid"),
        required: false,
        help: "which of the three tables",
    },
    OptionSpec {
        name: "events",
        kind: OptionKind::Int { min: 0, max: EVENTS_MAX },
        default: Some("0"),
        required: false,
        help: "events of all three tables, of which this source gives its own; 0 means without end",
    },
    OptionSpec {
        name: "event_rate",
        kind: OptionKind::Int { min: 1, max: 1_000_000_000 },
        default: Some("100000"),
        required: false,
        help: "events of all three tables a second of event time",
    },
    OptionSpec {
        name: "seed",
        kind: OptionKind::Int { min: 0, max: i64::MAX },
        default: Some("42"),
        required: false,
        help: "another seed gives other rows",
    },
    OptionSpec {
        name: "rows_per_second",
        kind: OptionKind::Int { min: 1, max: 1_000_000_000 },
        default: None,
        required: false,
        help: "rows a second of the clock, at most; as fast as they are taken if not given",
    },
];

impl Connector for NexmarkConnector {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { source: Some(Replay::Seek), sink: None, needs_format: false, is_live: false }
    }

    fn options(&self) -> &'static [OptionSpec] {
        OPTIONS
    }

    fn is_bounded(&self, options: &Options) -> bool {
        options.int(OPTIONS, "events") != Some(0)
    }

    fn discover(&self, spec: &SourceSpec, _context: &Context) -> Result<SchemaRef> {
        Ok(table(&spec.options).schema())
    }

    fn open_source(&self, spec: &SourceSpec, context: &Context) -> Result<Box<dyn Source>> {
        let table = table(&spec.options);
        let own = table.schema();
        let schema = spec.schema.clone().unwrap_or_else(|| own.clone());
        let columns = columns_of(&own, &schema)?;
        Ok(Box::new(source::NexmarkSource::open(&spec.options, table, schema, columns, context)))
    }

    fn open_sink(&self, _spec: &SinkSpec, _context: &Context) -> Result<Box<dyn Sink>> {
        Err(role::is_no_sink(NAME))
    }
}

fn table(options: &Options) -> Table {
    match options.text(OPTIONS, "table") {
        Some("auction") => Table::Auction,
        Some("person") => Table::Person,
        _ => Table::Bid,
    }
}

/// Where each declared column is among the table's own.
///
/// # Errors
/// `LV-C050` if the table has no such column, or it is of another type.
fn columns_of(own: &Schema, declared: &Schema) -> Result<Vec<usize>> {
    let place = |column: &arrow::datatypes::FieldRef| {
        let fields = || own.fields().iter().map(|field| field.name().as_str());
        let exact = fields().position(|name| name == column.name());
        let Some(at) = exact.or_else(|| fields().position(|name| name.eq_ignore_ascii_case(column.name()))) else {
            let error = Error::new(codes::LV_C050, format!("connector \"nexmark\" has no column \"{}\"", column.name()));
            return Err(match nearest(column.name(), fields()) {
                Some(near) => error.with_hint(format!("did you mean \"{near}\"?")),
                None => error.with_hint(format!("it has {}", fields().collect::<Vec<_>>().join(", "))),
            });
        };
        if own.field(at).data_type() != column.data_type() {
            let (found, wanted) = (own.field(at).data_type(), column.data_type());
            return Err(Error::new(codes::LV_C050, format!("connector \"nexmark\", column \"{}\"", column.name()))
                .with_reason(format!("it is {found}, not {wanted}"))
                .with_hint("leave the column list out, or declare the column so"));
        }
        Ok(at)
    };
    declared.fields().iter().map(place).collect()
}
