//! SHOW: what there is.

use levada_base::{Error, Result, codes};
use levada_catalog::{Kind, Object};
use levada_plan::Relation;
use levada_sql::{Listing, Name, ObjectKind, Show, ShowFilter};

use super::describe::time_text;
use super::kind_of;
use super::tables::text_rows;
use crate::core::{Core, JobState, Payload};
use crate::outcome::Outcome;

pub(super) fn execute(core: &mut Core, show: &Show) -> Result<Outcome> {
    let like = match &show.filter {
        None => None,
        Some(ShowFilter::Like(pattern)) => Some(pattern.value.clone()),
        Some(ShowFilter::Where(condition)) => {
            return Err(Error::new(codes::LV_S004, "SHOW … WHERE is not in this release")
                .with_hint("use LIKE 'pattern'")
                .at(condition.position));
        }
    };
    if let Some(schema) = show.schema.as_ref().filter(|schema| schema.name != "public") {
        return Err(Error::new(codes::LV_S101, format!("schema \"{}\" does not exist", schema.name))
            .with_hint("there is one: public")
            .at(schema.position));
    }
    match show.listing {
        Listing::Objects(kind) => objects(core, kind_of(kind), like.as_deref()),
        Listing::Jobs => jobs(core, like.as_deref()),
        Listing::Parameters => super::set::all(core),
        Listing::Warnings => Err(Error::new(codes::LV_S004, "SHOW WARNINGS is not in this release")
            .with_hint("notices come with the statement that caused them")),
    }
}

/// SHOW CREATE: the statement that makes the object again.
pub(super) fn create(core: &Core, kind: Option<ObjectKind>, name: &Name) -> Result<Outcome> {
    super::existing::check_schema(name)?;
    let object = match kind {
        None => core.catalog.find(&name.name),
        Some(kind) => core.catalog.find_kind(&name.name, kind_of(kind)),
    };
    let object = object.map_err(|error| error.at(name.position))?;
    text_rows(&["name", "create_statement"], &[vec![object.name.clone(), object.payload.sql().to_owned()]], core.epoch)
}

fn objects(core: &Core, kind: Kind, like: Option<&str>) -> Result<Outcome> {
    let mut names = vec!["name", "status", "reason"];
    names.extend(match kind {
        Kind::Source => vec!["connector", "rows", "watermark"],
        Kind::Table | Kind::MaterializedView => vec!["rows"],
        Kind::Sink => vec!["connector", "rows"],
        Kind::Stream | Kind::View => vec![],
    });
    let shown = core.catalog.iter().filter(|object| object.kind == kind && matches(&object.name, like));
    let rows: Vec<Vec<String>> = shown.map(|object| row(core, object)).collect();
    text_rows(&names, &rows, core.epoch)
}

fn row(core: &Core, object: &Object<Payload>) -> Vec<String> {
    let (status, reason) = status(core, object);
    let mut row = vec![object.name.clone(), status.to_owned(), reason];
    let content = || core.contents.get(&object.id).map_or(0, crate::content::Content::len).to_string();
    let job_rows = || core.jobs.get(&object.id).map_or(0, |job| job.rows_out).to_string();
    match &object.payload {
        Payload::Source { definition, .. } => {
            let state = core.sources.get(&object.id);
            row.push(match &definition.origin {
                crate::intake::Origin::Push => "push".to_owned(),
                crate::intake::Origin::Connector { checked, .. } => checked.connector.name().to_owned(),
            });
            row.push(state.map_or(0, |state| state.rows).to_string());
            row.push(state.map_or_else(
                || "none".to_owned(),
                |state| time_text(object.payload.relation().map(AsRef::as_ref), state.watermark),
            ));
        }
        Payload::Table { .. } => row.push(content()),
        Payload::Query { .. } if object.kind == Kind::MaterializedView => row.push(content()),
        Payload::Sink { connector, .. } => row.extend([connector.clone(), job_rows()]),
        Payload::Query { .. } | Payload::View { .. } => {}
    }
    row
}

/// An object's status and, in plain words, why.
pub(super) fn status(core: &Core, object: &Object<Payload>) -> (&'static str, String) {
    if let Some(job) = core.jobs.get(&object.id) {
        return match &job.state {
            JobState::Running => ("running", String::new()),
            JobState::Failed { epoch, error } => ("failed", format!("at epoch {epoch}: {error}")),
        };
    }
    match core.sources.get(&object.id) {
        Some(source) => match source.failure() {
            Err(error) => ("failed", error.to_string()),
            Ok(()) if source.end.is_some() => ("ended", "read to its end".to_owned()),
            Ok(()) => ("running", String::new()),
        },
        None if object.kind == Kind::Source => ("created", "no job reads it".to_owned()),
        None => ("ready", String::new()),
    }
}

fn jobs(core: &Core, like: Option<&str>) -> Result<Outcome> {
    let names = [
        "name",
        "kind",
        "state",
        "reason",
        "epoch",
        "rows_in",
        "rows_out",
        "state_rows",
        "late",
        "null_event_time",
        "watermark",
    ];
    let named = core.jobs.iter().filter_map(|(id, job)| Some((core.catalog.by_id(*id)?, job)));
    let rows = named.filter(|(object, _)| matches(&object.name, like)).map(|(object, job)| {
        let (state, reason) = status(core, object);
        let stats = job.runtime.stats();
        let sum =
            |of: &dyn Fn(&levada_dataflow::Stats) -> u64| stats.iter().map(|(_, stats)| of(stats)).sum::<u64>().to_string();
        vec![
            object.name.clone(),
            object.kind.to_string(),
            state.to_owned(),
            reason,
            core.epoch.to_string(),
            job.rows_in.to_string(),
            job.rows_out.to_string(),
            sum(&|stats| stats.state_rows),
            sum(&|stats| stats.discards.late),
            sum(&|stats| stats.discards.null_event_time),
            time_text(timed(core, object), job.watermark()),
        ]
    });
    text_rows(&names, &rows.collect::<Vec<_>>(), core.epoch)
}

/// The relation whose event time a job's watermark is in: its own, or what a sink reads.
fn timed<'a>(core: &'a Core, object: &'a Object<Payload>) -> Option<&'a Relation> {
    let read = || object.reads.first().and_then(|id| core.catalog.by_id(*id)?.payload.relation());
    object.payload.relation().or_else(read).map(AsRef::as_ref)
}

/// SQL's LIKE: `%` any text, `_` any character.
fn matches(name: &str, pattern: Option<&str>) -> bool {
    fn like(name: &[char], pattern: &[char]) -> bool {
        match pattern {
            [] => name.is_empty(),
            ['%', rest @ ..] => (0..=name.len()).any(|skip| like(&name[skip..], rest)),
            ['_', rest @ ..] => !name.is_empty() && like(&name[1..], rest),
            [letter, rest @ ..] => name.first() == Some(letter) && like(&name[1..], rest),
        }
    }
    let letters = |text: &str| text.chars().collect::<Vec<_>>();
    pattern.is_none_or(|pattern| like(&letters(name), &letters(pattern)))
}
