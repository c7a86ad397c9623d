//! CREATE TABLE: keyed rows, or a multiset.

use std::sync::Arc;

use levada_base::{Error, Result, codes};
use levada_catalog::Kind;
use levada_plan::{Relation, RelationKind, TimeColumn};
use levada_sql::{CreateTable, Existing, TableConflict};

use super::create_source::EVENT_TIME_DELAY;
use super::existing::{Found, look};
use super::row_columns::{RowColumns, columns, places, watermark};
use super::{done, options};
use crate::content::Content;
use crate::core::{Conflict, Core, Payload, TableDefinition};
use crate::outcome::Outcome;

pub(super) fn execute(core: &mut Core, create: &CreateTable) -> Result<Outcome> {
    let sql = CreateTable { existing: Existing::Fail, ..create.clone() }.to_string();
    if let Found::Skip(outcome) = look(core, &create.name, Kind::Table, create.existing, &sql)? {
        return Ok(outcome);
    }
    if let Some(item) = create.options.iter().find(|item| item.key == "connector") {
        return Err(Error::new(codes::LV_S004, "a table fed by a connector is not in this release")
            .with_hint("use CREATE SOURCE, and CREATE MATERIALIZED VIEW over it")
            .at(item.key_position));
    }
    options::none(&create.options, "a table")?;
    let definition = define(core, create)?;
    let relation = definition.relation.clone();
    let key = (!definition.primary_key.is_empty()).then_some(definition.primary_key.as_slice());
    let content = Content::new(relation.schema.clone(), relation.append_only, key)?;
    let id = core.catalog.add(&create.name.name, Kind::Table, Vec::new(), Payload::Table { definition, sql })?;
    core.contents.insert(id, content);
    Ok(done("CREATE TABLE".to_owned()))
}

fn define(core: &Core, create: &CreateTable) -> Result<TableDefinition> {
    if create.columns.is_empty() {
        return Err(Error::new(codes::LV_S111, format!("table \"{}\" has no columns", create.name))
            .with_hint("declare them: CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT)")
            .at(create.name.position));
    }
    let RowColumns { prepare, defaults } = columns(core, &create.name.name, &create.columns, &create.primary_key)?;
    let primary_key = places(&prepare.output, &create.primary_key)?;
    let watermark = match &create.watermark {
        None => None,
        Some(clause) => Some(watermark(&core.binder, clause, &prepare.output)?),
    };
    let relation = Relation {
        id: core.catalog.next_id(),
        name: create.name.name.clone(),
        kind: RelationKind::Stored,
        schema: prepare.output.clone(),
        key: (!primary_key.is_empty()).then(|| primary_key.clone()),
        append_only: create.append_only,
        times: watermark.iter().map(|w| TimeColumn { column: w.column, delay: EVENT_TIME_DELAY }).collect(),
        unbounded: false,
    };
    Ok(TableDefinition {
        relation: Arc::new(relation),
        primary_key,
        prepare: Arc::new(prepare),
        defaults,
        conflict: conflict(create)?,
        watermark,
    })
}

fn conflict(create: &CreateTable) -> Result<Conflict> {
    let Some(policy) = &create.on_conflict else { return Ok(Conflict::Error) };
    let refused = |message: &str, hint: &str| Err(Error::new(codes::LV_S111, message).with_hint(hint).at(policy.position));
    if create.primary_key.is_empty() {
        return refused("ON CONFLICT without a PRIMARY KEY", "declare the key, or leave ON CONFLICT out");
    }
    match policy.value {
        TableConflict::Overwrite | TableConflict::DoUpdateFull if create.append_only => {
            refused("an APPEND ONLY table can't overwrite rows", "use ON CONFLICT DO NOTHING, or leave APPEND ONLY out")
        }
        TableConflict::Overwrite | TableConflict::DoUpdateFull => Ok(Conflict::Overwrite),
        TableConflict::DoNothing => Ok(Conflict::DoNothing),
        TableConflict::DoUpdateIfNotNull => {
            Err(Error::new(codes::LV_S004, "ON CONFLICT DO UPDATE IF NOT NULL is not in this release")
                .with_hint("use ON CONFLICT OVERWRITE")
                .at(policy.position))
        }
    }
}
