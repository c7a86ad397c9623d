//! `levada check FILE`: everything that is wrong with a script, found without running it.
//!
//! Sources, tables and views are created in a database of its own that never reads; sinks are planned, so no file comes into being;
//! queries are planned for no rows.

use std::collections::BTreeSet;

use levada::{Database, Error, Result, codes};
use levada_sql::{Explain, ExplainFormat, ExplainTarget, InsertSource, Name, Parsed, Query, Statement, ast};
use serde_json::json;

use super::execute::read;
use super::{Ended, runtime, tell};
use crate::args::Check;
use crate::report::Text;
use crate::screen::Screen;

/// # Errors
/// A script that can't be read. What is wrong with the script has been told.
pub(super) fn run(args: &Check, screen: &Screen) -> Result<Ended> {
    let text = read(&args.file)?;
    let name = args.file.display().to_string();
    let found = runtime()?.block_on(errors_of(&text))?;
    let errors: Vec<&Error> = found.iter().flat_map(|error| std::iter::once(error).chain(error.also())).collect();
    if args.json {
        let errors: Vec<_> = errors.iter().map(|error| document(error)).collect();
        screen.print(&format!("{:#}\n", json!({ "file": name, "ok": errors.is_empty(), "errors": errors })))?;
    } else {
        for error in &found {
            tell(error, Some(Text::whole(&name, &text)), screen);
        }
        screen.print(&match errors.len() {
            0 => format!("{name}: nothing is wrong\n"),
            1 => format!("{name}: 1 error\n"),
            count => format!("{name}: {count} errors\n"),
        })?;
    }
    Ok(if errors.is_empty() { Ended::Well } else { Ended::Badly })
}

/// Every error of a script, in the order of its statements.
async fn errors_of(text: &str) -> Result<Vec<Error>> {
    let mut checker = Checker {
        database: Database::builder().read_when_started().open_in_memory()?,
        sinks: BTreeSet::new(),
        failed: BTreeSet::new(),
    };
    let mut errors = Vec::new();
    for parsed in levada_sql::parse_all(text) {
        match parsed {
            Ok(parsed) => errors.extend(checker.check(parsed).await),
            Err(error) => errors.push(error),
        }
    }
    Ok(errors)
}

struct Checker {
    database: Database,
    /// Sinks that would be there.
    sinks: BTreeSet<String>,
    /// What would be there without an error that has been told.
    failed: BTreeSet<String>,
}

impl Checker {
    /// The error of a statement, unless it only follows from one that was told before.
    async fn check(&mut self, mut parsed: Parsed) -> Option<Error> {
        let position = parsed.position;
        let created = created(&parsed.statement).map(|name| name.name.clone());
        let is_sink = matches!(parsed.statement, Statement::CreateSink(_));
        if let Some(statement) = self.harmless(parsed.statement) {
            parsed.statement = statement;
        } else {
            return None;
        }
        match (self.database.execute_parsed(parsed).await, created) {
            (Ok(_), created) => {
                self.sinks.extend(created.filter(|_| is_sink));
                None
            }
            (Err(error), created) => {
                let follows = error.code() == codes::LV_S101
                    && self.failed.iter().any(|name| error.message().contains(&format!("\"{name}\"")));
                self.failed.extend(created);
                (!follows).then(|| error.at(position.covering(1)))
            }
        }
    }

    /// A statement that fails where the given one would, and touches nothing outside; none if there is nothing to find out.
    fn harmless(&mut self, statement: Statement) -> Option<Statement> {
        Some(match statement {
            Statement::CreateSink(create) => {
                let target = ExplainTarget::Statement(Box::new(Statement::CreateSink(create)));
                Statement::Explain(Explain { format: ExplainFormat::Text, verbose: false, target })
            }
            Statement::Drop(mut drop) => {
                drop.names.retain(|name| !self.sinks.remove(&name.name));
                if drop.names.is_empty() {
                    return None;
                }
                Statement::Drop(drop)
            }
            Statement::Select(query) => Statement::Select(of_no_rows(query)),
            Statement::Insert(mut insert) => {
                if let InsertSource::Query(query) = insert.source {
                    insert.source = InsertSource::Query(of_no_rows(query));
                }
                Statement::Insert(insert)
            }
            other => other,
        })
    }
}

/// The same query, planned and checked, reading nothing.
fn of_no_rows(mut query: Query) -> Query {
    let zero = ast::Expr::value(ast::Value::Number("0".to_owned(), false));
    query.ast.limit_clause = Some(ast::LimitClause::LimitOffset { limit: Some(zero), offset: None, limit_by: Vec::new() });
    query.ast.fetch = None;
    query
}

fn created(statement: &Statement) -> Option<&Name> {
    match statement {
        Statement::CreateSource(create) => Some(&create.name),
        Statement::CreateTable(create) => Some(&create.name),
        Statement::CreateStream(create) | Statement::CreateMaterializedView(create) | Statement::CreateView(create) => {
            Some(&create.name)
        }
        Statement::CreateSink(create) => Some(&create.name),
        _ => None,
    }
}

/// An error as JSON; absent parts are null.
fn document(error: &Error) -> serde_json::Value {
    json!({
        "code": error.code().name(),
        "message": error.message(),
        "reason": error.reason(),
        "help": error.hint(),
        "line": error.position().map(|position| position.line),
        "column": error.position().map(|position| position.column),
        "length": error.position().map(|position| position.length),
    })
}
