//! CREATE SINK: a relation's changes, outside.

use arrow::datatypes::SchemaRef;
use levada_base::{Error, ObjectId, Result, codes};
use levada_catalog::Kind;
use levada_connect::{Checked, SinkSpec};
use levada_plan::Planned;
use levada_sql::{CreateSink, Envelope as Said, Existing, Query, SinkInput};

use super::create_query::{check_columns, plan};
use super::existing::{Found, look};
use super::row_columns::places;
use super::{options, with_notices};
use crate::core::{Core, Output, Payload};
use crate::envelope::{Encoded, Envelope};
use crate::outcome::{Notice, Outcome};

pub(super) fn execute(core: &mut Core, create: &CreateSink) -> Result<Outcome> {
    let sql = CreateSink { existing: Existing::Fail, ..create.clone() }.to_string();
    if let Found::Skip(outcome) = look(core, &create.name, Kind::Sink, create.existing, &sql)? {
        return Ok(outcome);
    }
    let Planning { checked, planned, reads, schema, envelope, .. } = check(core, create)?;
    let spec = SinkSpec { schema: envelope.schema(&schema), options: checked.options.clone(), format: checked.format.clone() };
    let sink = checked
        .connector
        .open_sink(&spec, &core.context)
        .map_err(|error| error.while_doing(format_args!("sink \"{}\"", create.name)))?;
    let output = Output::Sink(Box::new(Encoded::new(envelope, sink)));
    let id = core.catalog.next_id();
    let mut notices: Vec<Notice> = planned.notices.iter().cloned().map(Notice::from).collect();
    notices.extend(core.launch(id, &create.name.name, &planned, schema, output)?);
    let connector = checked.connector.name().to_owned();
    core.catalog.add(&create.name.name, Kind::Sink, reads, Payload::Sink { connector, sql })?;
    Ok(with_notices("CREATE SINK".to_owned(), notices))
}

/// What is known of a sink before its target is touched.
struct Planning {
    checked: Checked,
    query: Query,
    planned: Planned,
    reads: Vec<ObjectId>,
    schema: SchemaRef,
    envelope: Envelope,
}

fn check(core: &Core, create: &CreateSink) -> Result<Planning> {
    let checked = connector(core, create)?;
    let query = query(create)?;
    let (planned, reads) = plan(core, &query)?;
    let schema = check_columns(&planned.schema, &[], query.position)?;
    let envelope = envelope(create, &planned)?;
    Ok(Planning { checked, query, planned, reads, schema, envelope })
}

/// The query of a sink that could be created.
///
/// # Errors
/// As [`execute`], as far as they can be told without touching the target.
pub(super) fn checked_query(core: &Core, create: &CreateSink) -> Result<Query> {
    check(core, create).map(|planning| planning.query)
}

fn connector(core: &Core, create: &CreateSink) -> Result<Checked> {
    let mut with = options::options(&create.options);
    let Some(name) = with.remove("connector") else {
        return Err(Error::new(codes::LV_S608, format!("sink \"{}\" has no connector", create.name))
            .with_hint("add WITH (connector = 'file', path = 'out.csv'); to look at changes use SUBSCRIBE")
            .at(create.name.position));
    };
    let connector = core.context.registry.connector(&name.value.to_ascii_lowercase(), name.value_position)?;
    if connector.capabilities().sink.is_none() {
        return Err(Error::new(codes::LV_C006, format!("connector \"{}\" can't be a sink", connector.name()))
            .with_hint("use it in CREATE SOURCE")
            .at(name.value_position));
    }
    core.context.registry.check(connector, &with, options::format(create.format.as_ref())?)
}

/// `FROM r WHERE e` is `SELECT * FROM r WHERE e`.
fn query(create: &CreateSink) -> Result<Query> {
    match &create.input {
        SinkInput::Query(query) => Ok(query.clone()),
        SinkInput::Relation { name, filter } => {
            let filter = filter.as_ref().map_or_else(String::new, |filter| format!(" WHERE {}", filter.value));
            super::subscribe::query_of(&format!("SELECT * FROM {name}{filter}"), name.position)
        }
    }
}

fn envelope(create: &CreateSink, planned: &Planned) -> Result<Envelope> {
    check_key_clause(create)?;
    let said = create.envelope.as_ref().map(|said| (&said.value, said.position));
    let key_of = |names: &[levada_sql::Ident], position| -> Result<Vec<usize>> {
        let named = match (&create.key, names) {
            (Some(key), []) => &key.columns,
            _ => names,
        };
        if !named.is_empty() {
            let key = places(&planned.schema, named)?;
            return check_unique(key, planned, position);
        }
        planned.key.clone().ok_or_else(|| no_key(position))
    };
    match said {
        None if planned.append_only => Ok(Envelope::Plain),
        None => Ok(Envelope::Changes { key: planned.key.clone() }),
        Some((Said::Plain, _)) if planned.append_only => Ok(Envelope::Plain),
        Some((Said::Plain, position)) => Err(Error::new(codes::LV_S604, "ENVELOPE PLAIN over rows that change")
            .with_reason("a row that is taken back could not be told from one that is put in")
            .with_hint("use ENVELOPE CHANGES or UPSERT (KEY (…)), or add EMIT ON WINDOW CLOSE to the query")
            .at(position)),
        Some((Said::Diff, _)) => Ok(Envelope::Diff),
        Some((Said::Changes, _)) => Ok(Envelope::Changes { key: planned.key.clone() }),
        Some((Said::Upsert { key }, position)) => Ok(Envelope::Upsert { key: key_of(key, position)? }),
        Some((Said::Debezium { key }, position)) => Ok(Envelope::Debezium { key: key_of(key, position)? }),
    }
}

/// `KEY (…)` is another place for the key of an envelope, so there must be one that has none yet.
fn check_key_clause(create: &CreateSink) -> Result<()> {
    let Some(key) = &create.key else { return Ok(()) };
    match create.envelope.as_ref().map(|envelope| &envelope.value) {
        Some(Said::Upsert { key: named } | Said::Debezium { key: named }) if named.is_empty() => Ok(()),
        Some(Said::Upsert { .. } | Said::Debezium { .. }) => {
            Err(Error::new(codes::LV_S003, "KEY is given twice").with_hint("remove one of the two").at(key.position))
        }
        _ => Err(Error::new(codes::LV_S601, "KEY has no effect without ENVELOPE UPSERT or DEBEZIUM")
            .with_hint("add ENVELOPE UPSERT, or leave KEY out")
            .at(key.position)),
    }
}

/// A key is one if it holds the key that follows from the query.
fn check_unique(key: Vec<usize>, planned: &Planned, position: levada_base::Position) -> Result<Vec<usize>> {
    match &planned.key {
        Some(derived) if derived.iter().all(|column| key.contains(column)) => Ok(key),
        _ => Err(Error::new(codes::LV_S609, "the query does not say that this key is unique")
            .with_hint("group by it, or use ENVELOPE CHANGES")
            .at(position)),
    }
}

fn no_key(position: levada_base::Position) -> Error {
    Error::new(codes::LV_S609, "no key follows from the query").with_hint("use ENVELOPE CHANGES or DIFF").at(position)
}
