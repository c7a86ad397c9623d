//! CREATE STREAM and CREATE MATERIALIZED VIEW: a continuous query with a name.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use levada_base::{Error, ObjectId, Position, Result, codes};
use levada_catalog::Kind;
use levada_plan::{Planned, Relation, RelationKind};
use levada_sql::{CreateQuery, Existing, Ident, Query};

use super::existing::{Found, look};
use super::{kind_of, options, with_notices};
use crate::core::{Core, Output, Payload};
use crate::outcome::{Notice, Outcome};
use crate::relations::Continuous;

pub(super) fn execute(core: &mut Core, create: &CreateQuery) -> Result<Outcome> {
    let kind = kind_of(create.kind);
    let sql = CreateQuery { existing: Existing::Fail, ..create.clone() }.to_string();
    if let Found::Skip(outcome) = look(core, &create.name, kind, create.existing, &sql)? {
        return Ok(outcome);
    }
    options::none(&create.options, &format!("a {kind}"))?;
    if create.background {
        return Err(Error::new(codes::LV_S004, "BACKGROUND is not in this release")
            .with_hint("leave it out: the statement returns when the view is there")
            .at(create.name.position));
    }
    let (planned, reads) = plan(core, &create.query)?;
    let schema = check_columns(&planned.schema, &create.columns, create.query.position)?;
    let id = core.catalog.next_id();
    let relation = Relation {
        id,
        name: create.name.name.clone(),
        kind: if kind == Kind::Stream { RelationKind::Passing } else { RelationKind::Stored },
        schema,
        key: planned.key.clone(),
        append_only: planned.append_only,
        times: planned.times.clone(),
        unbounded: planned.unbounded,
    };
    let output = if kind == Kind::Stream { Output::Passing } else { Output::Stored };
    let mut notices: Vec<Notice> = planned.notices.iter().cloned().map(Notice::from).collect();
    notices.extend(core.launch(id, &create.name.name, &planned, relation.schema.clone(), output)?);
    core.catalog.add(&create.name.name, kind, reads, Payload::Query { relation: Arc::new(relation), sql })?;
    Ok(with_notices(format!("CREATE {}", kind.keyword()), notices))
}

/// Plans a continuous query and says what it reads.
pub(super) fn plan(core: &Core, query: &Query) -> Result<(Planned, Vec<ObjectId>)> {
    let relations = Continuous::new(core);
    let planned = levada_sql::with_stack(|| core.binder.plan(query, &relations))?;
    Ok((planned, relations.into_read()))
}

/// The columns of the result: named by the list, if there is one, each once.
pub(super) fn check_columns(schema: &SchemaRef, names: &[Ident], position: Position) -> Result<SchemaRef> {
    if !names.is_empty() && names.len() != schema.fields().len() {
        let found = format!("{} columns are named, the query gives {}", names.len(), schema.fields().len());
        return Err(Error::new(codes::LV_S202, found).with_hint("name every column, or none").at(names[0].position));
    }
    let named = |at: usize, field: &Field| match names.get(at) {
        Some(name) => field.clone().with_name(&name.name),
        None => field.clone(),
    };
    let fields: Vec<Field> = schema.fields().iter().enumerate().map(|(at, field)| named(at, field)).collect();
    for (at, field) in fields.iter().enumerate() {
        if fields[..at].iter().any(|earlier| earlier.name() == field.name()) {
            return Err(Error::new(codes::LV_S121, format!("two output columns are called \"{}\"", field.name()))
                .with_hint(format!("give one an alias, as in {0} AS {0}_2", field.name()))
                .at(names.get(at).map_or(position, |name| name.position)));
        }
    }
    Ok(Arc::new(Schema::new(fields)))
}
