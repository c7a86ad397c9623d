//! SUBSCRIBE: a relation's changes, to the program.

use levada_base::{Error, Position, Result, codes};
use levada_plan::RelationKind;
use levada_sql::{Envelope, Query, Statement, Subscribe, SubscribeInput};

use super::create_query::plan;
use crate::core::{Core, Output};
use crate::outcome::Outcome;
use crate::subscription::channel;

pub(super) fn execute(core: &mut Core, subscribe: &Subscribe) -> Result<Outcome> {
    refuse_unsupported(subscribe)?;
    let query = query(core, subscribe)?;
    let (planned, _) = plan(core, &query)?;
    let schema = planned.schema.clone();
    let (sender, subscription) = channel(schema.clone(), core.settings.subscription_buffer_bytes);
    let snapshot = snapshot(core, subscribe)?;
    let id = core.catalog.take_id();
    core.launch(id, "subscription", &planned, schema, Output::Subscriber { sender: Some(sender), snapshot })?;
    Ok(Outcome::Subscribed(subscription))
}

/// A query from text of our own making; errors in it point to where the user named its parts.
pub(super) fn query_of(sql: &str, position: Position) -> Result<Query> {
    match levada_sql::parse_one(sql).map_err(|error| error.at(position))?.statement {
        Statement::Select(query) => Ok(Query { position, ..query }),
        _ => Err(Error::internal(format!("not a query: {sql}"))),
    }
}

fn query(core: &Core, subscribe: &Subscribe) -> Result<Query> {
    let filter = subscribe.filter.as_ref().map_or_else(String::new, |filter| format!(" WHERE {}", filter.value));
    match &subscribe.input {
        SubscribeInput::Relation(name) => {
            core.catalog.find(&name.name).map_err(|error| error.at(name.position))?;
            query_of(&format!("SELECT * FROM {name}{filter}"), name.position)
        }
        SubscribeInput::Query(query) if filter.is_empty() => Ok(query.clone()),
        SubscribeInput::Query(query) => query_of(&format!("SELECT * FROM ({}) AS q{filter}", query.text), query.position),
    }
}

/// Whether the content comes first. A stream has none.
fn snapshot(core: &Core, subscribe: &Subscribe) -> Result<bool> {
    let SubscribeInput::Relation(name) = &subscribe.input else {
        return Ok(subscribe.snapshot.as_ref().is_none_or(|said| said.value));
    };
    let object = core.catalog.find(&name.name)?;
    let stored = object.payload.relation().is_some_and(|relation| relation.kind == RelationKind::Stored);
    match &subscribe.snapshot {
        None => Ok(stored),
        Some(said) if said.value && !stored => Err(Error::new(
            codes::LV_S703,
            format!("\"{name}\" is {}: it has no content to begin with", object.kind.with_article()),
        )
        .with_hint("write WITH (snapshot = false)")
        .at(said.position)),
        Some(said) => Ok(said.value),
    }
}

/// What the grammar has and subscriptions do not do yet.
fn refuse_unsupported(subscribe: &Subscribe) -> Result<()> {
    let refuse = |what: &str, position: Position| {
        Err(Error::new(codes::LV_S004, format!("SUBSCRIBE with {what} is not in this release"))
            .with_hint("leave it out")
            .at(position))
    };
    if let Some(envelope) = &subscribe.envelope
        && envelope.value != Envelope::Diff
    {
        return refuse("another ENVELOPE than DIFF", envelope.position);
    }
    if let Some(progress) = subscribe.progress.as_ref().filter(|said| said.value) {
        return refuse("progress = true", progress.position);
    }
    if let Some(epoch) = subscribe.as_of.as_ref().or(subscribe.up_to.as_ref()) {
        return refuse("AS OF or UP TO an epoch", epoch.position);
    }
    match &subscribe.buffer_bytes {
        Some(buffer) => refuse("a buffer of its own", buffer.position),
        None => Ok(()),
    }
}
