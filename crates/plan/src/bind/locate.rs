//! Where a relation is named in a query, for errors about it.

use std::ops::ControlFlow;

use datafusion::common::TableReference;
use levada_base::Position;
use levada_sql::Query;
use sqlparser::ast::{self, Expr, Ident, visit_expressions, visit_relations};
use sqlparser::tokenizer::Span;

/// The first place at which `query` names the relation: in FROM, or as the argument of a window.
pub(super) fn place_of(query: &Query, relation: &TableReference) -> Option<Position> {
    place_in_tree(&query.ast, relation).or_else(|| place_in_text(query, relation))
}

/// The parser keeps no place of a file's name: it is looked for as it is written, in quotes.
fn place_in_text(query: &Query, file: &TableReference) -> Option<Position> {
    let written = format!("'{}'", file.table());
    let (before, _) = query.text.split_once(&written)?;
    let count = |text: &str| u32::try_from(text.chars().count()).ok();
    let start = match before.rsplit_once('\n') {
        None => Position::new(query.position.line, query.position.column + count(before)?),
        Some((lines, last)) => {
            let lines = u32::try_from(lines.matches('\n').count()).ok()? + 1;
            Position::new(query.position.line + lines, count(last)? + 1)
        }
    };
    Some(start.covering(count(&written)?))
}

fn place_in_tree(query: &ast::Query, relation: &TableReference) -> Option<Position> {
    let is_it = |name: &Ident| name.value == relation.table() || name.value.to_lowercase() == relation.table();
    let found = visit_relations(query, |name| match name.0.last().and_then(|part| part.as_ident()) {
        Some(last) if is_it(last) => ControlFlow::Break(last.span),
        _ => ControlFlow::Continue(()),
    });
    let argument = || {
        visit_expressions(query, |expr| match expr {
            Expr::Identifier(name) if is_it(name) => ControlFlow::Break(name.span),
            _ => ControlFlow::Continue(()),
        })
    };
    found.break_value().or_else(|| argument().break_value()).and_then(of_span)
}

/// A span of the parser; none where it made the name itself.
fn of_span(span: Span) -> Option<Position> {
    let place = |number: u64| u32::try_from(number).ok().filter(|number| *number > 0);
    let start = Position::new(place(span.start.line)?, place(span.start.column)?);
    let length = if span.start.line == span.end.line { span.end.column.saturating_sub(span.start.column) } else { 1 };
    Some(start.covering(u32::try_from(length).unwrap_or(1)))
}
