//! DESCRIBE: the columns of a relation and what is known of them.

use arrow::array::TimestampMicrosecondArray;
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use levada_base::{Error, Result, Watermark, codes};
use levada_plan::{Relation, type_name};
use levada_sql::Name;

use super::tables::text_rows;
use crate::core::{Core, Payload};
use crate::intake::Step;
use crate::outcome::Outcome;

pub(super) fn execute(core: &Core, name: &Name, extended: bool) -> Result<Outcome> {
    super::existing::check_schema(name)?;
    let object = core.catalog.find(&name.name).map_err(|error| error.at(name.position))?;
    let Some(relation) = object.payload.relation() else {
        return Err(Error::new(codes::LV_S105, format!("\"{name}\" is a sink: it has no columns of its own"))
            .with_hint(format!("SHOW CREATE SINK {name}"))
            .at(name.position));
    };
    let steps: &[Step] = match &object.payload {
        Payload::Source { definition, .. } => &definition.prepare.steps,
        Payload::Table { definition, .. } => &definition.prepare.steps,
        Payload::Query { .. } | Payload::View { .. } | Payload::Sink { .. } => &[],
    };
    let yes = |is: bool| if is { "yes".to_owned() } else { String::new() };
    let mut rows = Vec::new();
    for (at, field) in relation.schema.fields().iter().enumerate() {
        let computed = match steps.get(at) {
            Some(Step::Compute(expression)) => expression.to_string(),
            Some(Step::Take(_)) | None => String::new(),
        };
        rows.push(vec![
            field.name().clone(),
            type_name(field.data_type()),
            if field.is_nullable() { "yes".to_owned() } else { "no".to_owned() },
            yes(relation.key.as_ref().is_some_and(|key| key.contains(&at))),
            yes(relation.times.iter().any(|time| time.column == at)),
            computed,
        ]);
    }
    if extended {
        let (status, reason) = super::show::status(core, object);
        let readers: Vec<&str> = core.catalog.readers(object.id).map(|reader| reader.name.as_str()).collect();
        let facts = [
            ("kind", object.kind.to_string()),
            ("status", if reason.is_empty() { status.to_owned() } else { format!("{status}: {reason}") }),
            ("append only", if relation.append_only { "yes" } else { "no" }.to_owned()),
            ("read by", readers.join(", ")),
        ];
        rows.extend(
            facts.map(|(fact, value)| {
                vec![format!("({fact})"), value, String::new(), String::new(), String::new(), String::new()]
            }),
        );
    }
    text_rows(&["column", "type", "nullable", "key", "event_time", "computed"], &rows, core.epoch)
}

/// A watermark as text: a time where the event time of `relation` is one, a number where it is one.
pub(super) fn time_text(relation: Option<&Relation>, watermark: Watermark) -> String {
    let column = relation.and_then(|relation| Some(relation.schema.field(relation.times.first()?.column).data_type()));
    let is_end = matches!(watermark, Watermark::NONE | Watermark::END);
    if is_end || !matches!(column, Some(DataType::Timestamp(..))) {
        return watermark.to_string();
    }
    let instant = TimestampMicrosecondArray::from(vec![watermark.0]);
    let options = FormatOptions::default();
    let text = ArrayFormatter::try_new(&instant, &options).map(|formatter| formatter.value(0).to_string());
    text.unwrap_or_else(|_| watermark.to_string())
}
