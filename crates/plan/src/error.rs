//! DataFusion's errors in Levada's words: a code, a place, a fix.

use arrow::error::ArrowError;
use datafusion::common::{DataFusionError, Diagnostic, SchemaError};
use levada_base::{Code, Error, Position, codes, nearest};

/// The error as a user should see it. What DataFusion calls internal stays internal; everything else gets the code of its cause.
#[must_use]
pub fn from_datafusion(error: DataFusionError) -> Error {
    let diagnosed = error.diagnostic().and_then(position);
    translate(error).at(diagnosed)
}

fn translate(error: DataFusionError) -> Error {
    match error {
        DataFusionError::Diagnostic(_, inner) | DataFusionError::Context(_, inner) => translate(*inner),
        DataFusionError::Collection(errors) => {
            let mut errors = errors.into_iter().map(from_datafusion);
            let first = errors.next().unwrap_or_else(|| Error::internal("an empty list of errors"));
            first.with_also(errors.collect())
        }
        DataFusionError::Shared(inner) => {
            let diagnosed = inner.diagnostic().and_then(position);
            by_text(&inner.strip_backtrace()).at(diagnosed)
        }
        DataFusionError::External(inner) => match inner.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(other) => Error::internal(other.to_string()),
        },
        DataFusionError::SchemaError(schema, _) => of_schema(&schema),
        DataFusionError::ArrowError(arrow, _) => of_arrow(&arrow),
        DataFusionError::NotImplemented(what) => {
            if what.contains("ScalarSubquery") || what.contains("Subquery(") {
                return Error::new(codes::LV_S304, "a correlated subquery of this form can't be evaluated")
                    .with_hint("write it as a join, or put an aggregate around its column, such as max(…)");
            }
            Error::new(codes::LV_S004, format!("not supported: {}", first_line(&what)))
                .with_hint("write it with the constructs of docs/sql")
        }
        DataFusionError::SQL(parser, _) => {
            Error::new(codes::LV_S001, first_line(&parser.to_string())).with_hint("write it with the constructs of docs/sql")
        }
        DataFusionError::ResourcesExhausted(what) => {
            Error::new(codes::LV_S722, first_line(&what)).with_hint("ask for less at once, for example with LIMIT")
        }
        other => by_text(&other.strip_backtrace()),
    }
}

/// Columns DataFusion looked for and did not find, with what it could have found.
fn of_schema(error: &SchemaError) -> Error {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let error = Error::new(codes::LV_S110, format!("column \"{}\" not found", field.flat_name()))
                .at(field.spans.first().map(of_span));
            let names: Vec<&str> = valid_fields.iter().map(|column| column.name.as_str()).collect();
            match nearest(&field.name, names.iter().copied()) {
                Some(near) => error.with_hint(format!("did you mean \"{near}\"?")),
                None if names.is_empty() => error.with_hint("there are no columns here: add FROM"),
                None => error.with_hint(format!("there are {}", quoted(&names))),
            }
        }
        SchemaError::AmbiguousReference { field } => {
            Error::new(codes::LV_S104, format!("column \"{}\" is ambiguous", field.name))
                .with_hint(format!("write the relation in front of it, as in t.{}", field.name))
                .at(field.spans.first().map(of_span))
        }
        SchemaError::DuplicateQualifiedField { name, .. } | SchemaError::DuplicateUnqualifiedField { name } => {
            Error::new(codes::LV_S121, format!("two output columns are called \"{name}\""))
                .with_hint(format!("give one an alias, as in {name} AS {name}_2"))
        }
    }
}

fn of_arrow(error: &ArrowError) -> Error {
    match error {
        ArrowError::DivideByZero => Error::new(codes::LV_S401, "division by zero").with_hint("divide by nullif(x, 0)"),
        ArrowError::ArithmeticOverflow(what) => overflow(what),
        ArrowError::CastError(what) | ArrowError::ParseError(what) => bad_cast(what),
        ArrowError::ExternalError(inner) => match inner.downcast_ref::<DataFusionError>() {
            Some(DataFusionError::ArrowError(arrow, _)) => of_arrow(arrow),
            Some(other) => by_text(&other.strip_backtrace()),
            None => Error::internal(inner.to_string()),
        },
        other => by_text(&other.to_string()),
    }
}

/// Where DataFusion only says what happened in words: the words decide.
fn by_text(text: &str) -> Error {
    let text = text.trim_start_matches("Error during planning: ").trim_start_matches("Execution error: ");
    let text = text.trim_start_matches("Arrow error: ").trim_start_matches("Optimizer rule ");
    if let Some(error) = wrong_arguments(text).or_else(|| unknown_window(text)) {
        return error;
    }
    for (needle, code, hint) in WORDS {
        if text.to_lowercase().contains(needle) {
            return Error::new(*code, first_line(text)).with_hint(*hint);
        }
    }
    if text.starts_with("Internal error") {
        return Error::internal(first_line(text));
    }
    Error::new(codes::LV_S408, first_line(text)).with_hint("cast the values to types that fit, as in CAST(x AS BIGINT)")
}

/// `Function 'sum' failed to match any signature, errors: …`: the list that follows is DataFusion's own business.
fn wrong_arguments(text: &str) -> Option<Error> {
    let (before, _) = text.split_once("' failed to match any signature")?;
    let (_, name) = before.rsplit_once('\'')?;
    let error = Error::new(codes::LV_S132, format!("function \"{name}\" does not take arguments of these types"));
    Some(error.with_hint("cast the arguments; docs/sql/functions.md says what each function takes"))
}

/// `Invalid function 'session'`: DataFusion knows no such windows.
fn unknown_window(text: &str) -> Option<Error> {
    let (_, rest) = text.split_once("Invalid function '")?;
    planned_window(rest.split_once('\'')?.0)
}

/// That windows of this name are not in this release; `None` if there are none of that name in later ones either.
pub(crate) fn planned_window(name: &str) -> Option<Error> {
    let name = name.to_uppercase();
    let is_planned = ["SESSION", "CUMULATE"].contains(&name.as_str());
    let error = || Error::new(codes::LV_S004, format!("{name} windows are planned, but not in this release"));
    is_planned.then(|| error().with_hint("use TUMBLE or HOP"))
}

// A table: what DataFusion and Arrow say, the code it means, the fix.
const WORDS: &[(&str, Code, &str)] = &[
    ("divide by zero", codes::LV_S401, "divide by nullif(x, 0)"),
    ("division by zero", codes::LV_S401, "divide by nullif(x, 0)"),
    ("overflow", codes::LV_S403, "cast to a wider type first, or use try_cast"),
    ("more than one row", codes::LV_S402, "add LIMIT 1 or an aggregate to the subquery"),
    ("cannot cast", codes::LV_S410, "use try_cast, which gives NULL"),
    ("cast error", codes::LV_S410, "use try_cast, which gives NULL"),
    ("can't cast", codes::LV_S410, "use try_cast, which gives NULL"),
    ("parsing timestamp", codes::LV_S410, "write it as 'YYYY-MM-DD HH:MM:SS'"),
    ("invalid function", codes::LV_S132, "see docs/sql/functions.md for the functions there are"),
    ("no function matches", codes::LV_S132, "cast the arguments to the types it takes"),
    ("failed to coerce", codes::LV_S132, "cast the arguments to the types it takes"),
    ("cannot coerce", codes::LV_S408, "cast one side, as in CAST(x AS BIGINT)"),
    ("must appear in the group by", codes::LV_S307, "group by the column, or take any value of it with min() or max()"),
    (
        "could not be resolved from available columns",
        codes::LV_S307,
        "group by the column, or aggregate it with min() or max()",
    ),
    ("different number of columns", codes::LV_S202, "give every branch of the UNION the same columns"),
    ("unique expression names", codes::LV_S121, "give one an alias, as in a AS b"),
    ("correlated", codes::LV_S304, "write it as a join, or put an aggregate around its column, such as max(…)"),
    ("must be part of group by", codes::LV_S307, "group by the column, or aggregate it with min() or max()"),
];

fn overflow(what: &str) -> Error {
    Error::new(codes::LV_S403, first_line(what)).with_hint("cast to a wider type first, or use try_cast")
}

fn bad_cast(what: &str) -> Error {
    Error::new(codes::LV_S410, first_line(what)).with_hint("use try_cast, which gives NULL")
}

/// One line, starting small: messages are put after a code and before a hint.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim().trim_end_matches('.');
    let mut letters = line.chars();
    match letters.next() {
        Some(first) if letters.clone().next().is_some_and(char::is_lowercase) => first.to_lowercase().chain(letters).collect(),
        _ => line.to_owned(),
    }
}

fn position(diagnostic: &Diagnostic) -> Option<Position> {
    diagnostic.span.map(of_span)
}

fn of_span(span: datafusion::common::Span) -> Position {
    let start = Position::new(u32::try_from(span.start.line).unwrap_or(1), u32::try_from(span.start.column).unwrap_or(1));
    if span.end.line == span.start.line {
        start.covering(u32::try_from(span.end.column.saturating_sub(span.start.column)).unwrap_or(1))
    } else {
        start
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}
