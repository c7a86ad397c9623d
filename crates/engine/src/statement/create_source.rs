//! CREATE SOURCE.

use std::sync::Arc;

use levada_base::{Error, ObjectId, Result, codes};
use levada_catalog::Kind;
use levada_connect::{Checked, SourceSpec};
use levada_plan::{Relation, RelationKind, TimeColumn};
use levada_sql::{CreateSource, Existing};

use super::existing::{Found, look};
use super::row_columns::{RowColumns, columns, discovered, places, watermark};
use super::{done, options, upsert};
use crate::core::{Core, Payload};
use crate::intake::{Origin, SourceDefinition};
use crate::outcome::Outcome;

/// A source's own event time is complete one unit after the watermark: rows with a time below it have come.
pub(super) const EVENT_TIME_DELAY: i64 = 1;

pub(super) fn execute(core: &mut Core, create: &CreateSource) -> Result<Outcome> {
    let sql = CreateSource { existing: Existing::Fail, ..create.clone() }.to_string();
    if let Found::Skip(outcome) = look(core, &create.name, Kind::Source, create.existing, &sql)? {
        return Ok(outcome);
    }
    let mut with = options::options(&create.options);
    let checked = match with.remove("connector") {
        None => None,
        Some(name) => {
            let connector = core.context.registry.connector(&name.value.to_ascii_lowercase(), name.value_position)?;
            if connector.capabilities().source.is_none() {
                return Err(Error::new(codes::LV_C006, format!("connector \"{}\" can't be a source", connector.name()))
                    .with_hint("use it in CREATE SINK")
                    .at(name.value_position));
            }
            Some(core.context.registry.check(connector, &with, options::format(create.format.as_ref())?)?)
        }
    };
    if checked.is_none() {
        options::none(&create.options, "a source without connector")?;
        if let Some(format) = &create.format {
            return Err(Error::new(codes::LV_S601, "a source without connector has no FORMAT")
                .with_reason("its rows come as rows, by INSERT or from the program")
                .with_hint("leave it out, or add WITH (connector = '…')")
                .at(format.name.position));
        }
    }
    let definition = define(core, create, checked)?;
    // What can't be reached is told now, not by the first view.
    drop(definition.open(&core.context)?);
    core.catalog.add(&create.name.name, Kind::Source, Vec::new(), Payload::Source { definition, sql })?;
    Ok(done("CREATE SOURCE".to_owned()))
}

fn define(core: &Core, create: &CreateSource, checked: Option<Checked>) -> Result<SourceDefinition> {
    let upserts = upsert::key(create)?;
    let row = match &checked {
        Some(checked) if create.columns.is_empty() && upserts.is_none() => {
            discovered(&create.name.name, &discover(core, checked)?)
        }
        None if create.columns.is_empty() => {
            return Err(Error::new(codes::LV_S603, format!("source \"{}\" has no columns", create.name))
                .with_reason("without a connector there is nobody to ask")
                .with_hint("declare them: CREATE SOURCE s (id BIGINT, ts TIMESTAMP)")
                .at(create.name.position));
        }
        _ => columns(core, &create.name.name, &create.columns, upserts.unwrap_or_default())?,
    };
    let RowColumns { mut prepare, .. } = row;
    if let Some(key) = upserts {
        upsert::expect_op(create, key, &mut prepare)?;
    }
    let watermark = match &create.watermark {
        None => None,
        Some(clause) => Some(watermark(&core.binder, clause, &prepare.output)?),
    };
    let bounded = checked.as_ref().is_some_and(|checked| checked.connector.is_bounded(&checked.options));
    let key = places(&prepare.output, upserts.unwrap_or_default())?;
    let relation = Relation {
        id: ObjectId(0),
        name: create.name.name.clone(),
        kind: if upserts.is_some() { RelationKind::Upserts } else { RelationKind::Passing },
        schema: prepare.output.clone(),
        key: (!key.is_empty()).then_some(key),
        append_only: upserts.is_none(),
        times: watermark.iter().map(|w| TimeColumn { column: w.column, delay: EVENT_TIME_DELAY }).collect(),
        unbounded: !bounded,
    };
    let origin = match checked {
        None => Origin::Push,
        Some(checked) => Origin::Connector { checked, input: prepare.input.clone(), bounded },
    };
    let relation = Relation { id: core.catalog.next_id(), ..relation };
    Ok(SourceDefinition { relation: Arc::new(relation), origin, prepare: Arc::new(prepare), watermark })
}

fn discover(core: &Core, checked: &Checked) -> Result<arrow::datatypes::SchemaRef> {
    let spec = SourceSpec { schema: None, options: checked.options.clone(), format: checked.format.clone() };
    checked.connector.discover(&spec, &core.context)
}
