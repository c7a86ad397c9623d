//! Rows made up column by column, as the options `fields.<column>.…` say.
//!
//! Every value is a function of the seed, the column and the row's number, so a source can go to any position at once. Without a word
//! about it a number or a time is a sequence, and anything else is random.
//!
//! ```sql
//! CREATE SOURCE orders (id BIGINT, amount DOUBLE, at TIMESTAMP) WITH (connector = 'generator', rows_max = '1000',
//!     'fields.amount.min' = '1', 'fields.amount.max' = '100', 'fields.amount.kind' = 'random', 'fields.at.step' = '10 ms');
//! ```

mod field;
mod source;
#[cfg(test)]
mod tests;

use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result, codes, nearest};
use levada_connect::{
    Capabilities, Connector, Context, OptionKind, OptionSpec, Options, Replay, Sink, SinkSpec, Source, SourceSpec,
};

use crate::role;
use field::Field;

/// The connector `generator`.
#[derive(Debug, Clone, Copy, Default)]
pub struct GeneratorConnector;

const NAME: &str = "generator";

/// Before the column in the options of a column.
const FIELD_FRONT: &str = "fields.";

const OPTIONS: &[OptionSpec] = &[
    option("rows_max", OptionKind::Int { min: 1, max: i64::MAX }, None, "rows until the end; without end if not given"),
    option(
        "rows_per_second",
        OptionKind::Int { min: 1, max: 1_000_000_000 },
        None,
        "rows a second of the clock, at most; as fast as they are taken if not given",
    ),
    option("seed", OptionKind::Int { min: 0, max: i64::MAX }, Some("42"), "another seed gives other random values"),
    option("fields.*.kind", OptionKind::Choice(&["sequence", "random"]), None, "how the column's values are made"),
    option("fields.*.start", OptionKind::Text, None, "the first value of a sequence"),
    option("fields.*.step", OptionKind::Text, None, "from one value of a sequence to the next; a duration for a time"),
    option("fields.*.min", OptionKind::Text, None, "the least random value"),
    option("fields.*.max", OptionKind::Text, None, "the greatest random value"),
    option("fields.*.length", OptionKind::Int { min: 0, max: 10_000 }, Some("10"), "letters of a random text"),
    option("fields.*.nulls", OptionKind::Float { min: 0.0, max: 1.0 }, Some("0"), "the share of NULLs"),
];

const fn option(name: &'static str, kind: OptionKind, default: Option<&'static str>, help: &'static str) -> OptionSpec {
    OptionSpec { name, kind, default, required: false, help }
}

impl Connector for GeneratorConnector {
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
        options.get("rows_max").is_some()
    }

    fn discover(&self, _spec: &SourceSpec, _context: &Context) -> Result<SchemaRef> {
        Err(Error::new(codes::LV_S603, "connector \"generator\" has no columns of its own").with_hint("declare the columns"))
    }

    fn open_source(&self, spec: &SourceSpec, context: &Context) -> Result<Box<dyn Source>> {
        let schema = match &spec.schema {
            Some(schema) => schema.clone(),
            None => self.discover(spec, context)?,
        };
        check_columns(&spec.options, &schema)?;
        let seed = spec.options.int(OPTIONS, "seed").unwrap_or_default() as u64;
        let fields = schema.fields().iter().enumerate();
        let fields = fields.map(|(at, column)| Field::new(column, seed.wrapping_add(at as u64), &spec.options));
        let fields = fields.collect::<Result<Vec<_>>>()?;
        Ok(Box::new(source::GeneratorSource::open(&spec.options, schema, fields, context)))
    }

    fn open_sink(&self, _spec: &SinkSpec, _context: &Context) -> Result<Box<dyn Sink>> {
        Err(role::is_no_sink(NAME))
    }
}

/// Every option of a column is one of a column that exists.
fn check_columns(options: &Options, schema: &SchemaRef) -> Result<()> {
    for option in options.iter() {
        let rest = option.key.strip_prefix(FIELD_FRONT);
        let Some((column, _)) = rest.and_then(|rest| rest.rsplit_once('.')) else { continue };
        if schema.column_with_name(column).is_none() {
            let error = Error::new(
                codes::LV_C002,
                format!("option \"{}\" is about a column \"{column}\" that is not declared", option.key),
            )
            .at(option.key_position);
            let names = || schema.fields().iter().map(|field| field.name().as_str());
            return Err(match nearest(column, names()) {
                Some(near) => error.with_hint(format!("did you mean \"{near}\"?")),
                None => error.with_hint(format!("the columns are {}", names().collect::<Vec<_>>().join(", "))),
            });
        }
    }
    Ok(())
}
