//! What the query grammar takes and nothing behind it would honour: refused here, or written in its standard form.

use std::ops::ControlFlow;

use levada_base::{Error, Position, Result, codes};
use sqlparser::ast::{
    Query, Select, SelectFlavor, SelectItem, SetExpr, SetOperator, SetQuantifier, TableFactor, VisitMut, VisitorMut,
};
use sqlparser::ast::{WildcardAdditionalOptions, helpers::attached_token::AttachedToken};

use super::clause::planned;

/// Checks a query and all queries inside it; `position` is where it stands as a whole.
pub(crate) fn check_query(query: &mut Query, position: Position) -> Result<()> {
    match query.visit(&mut Checker { position }) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Checker {
    position: Position,
}

impl VisitorMut for Checker {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        let checked = self.query_clauses(query).and_then(|()| self.body(&mut query.body));
        checked.map_or_else(ControlFlow::Break, ControlFlow::Continue)
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Error> {
        let (version, with_hints, partitions, index_hints, sample) = match factor {
            TableFactor::Table { version, with_hints, partitions, index_hints, sample, .. } => {
                (version, with_hints, partitions, index_hints, sample)
            }
            TableFactor::Pivot { .. } => {
                return ControlFlow::Break(self.rewritable("PIVOT", "use sum(v) FILTER (WHERE k = '…') for each value of k"));
            }
            TableFactor::Unpivot { .. } => {
                return ControlFlow::Break(self.rewritable("UNPIVOT", "use UNION ALL, one SELECT for each column"));
            }
            TableFactor::MatchRecognize { .. } => {
                return ControlFlow::Break(self.rewritable("MATCH_RECOGNIZE", "join the relation with itself"));
            }
            _ => return ControlFlow::Continue(()),
        };
        if version.is_some() {
            let hint = "join the table itself: the join follows its changes";
            return ControlFlow::Break(planned("FOR SYSTEM_TIME AS OF", hint, self.position));
        }
        if sample.is_some() {
            return ControlFlow::Break(self.rewritable("TABLESAMPLE", "filter the rows with WHERE"));
        }
        if !(with_hints.is_empty() && partitions.is_empty() && index_hints.is_empty()) {
            let error = Error::new(codes::LV_S001, "WITH (…) inside a query").with_hint("move it to the end of the statement");
            return ControlFlow::Break(error.at(self.position));
        }
        ControlFlow::Continue(())
    }
}

impl Checker {
    fn query_clauses(&self, query: &Query) -> Result<()> {
        if !query.locks.is_empty() {
            return Err(self.foreign("FOR UPDATE and FOR SHARE", "leave it out: readers see one epoch and never block"));
        }
        if query.for_clause.is_some() || query.settings.is_some() || query.format_clause.is_some() {
            return Err(self.foreign("FOR XML, FOR JSON, SETTINGS or FORMAT in a query", "leave it out"));
        }
        Ok(())
    }

    fn body(&self, body: &mut SetExpr) -> Result<()> {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::SetOperation { .. } => self.set_operation(body),
            SetExpr::Query(_) | SetExpr::Values(_) | SetExpr::Table(_) => Ok(()),
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => Err(planned(
                "a data statement behind WITH",
                "move the query into the statement: INSERT INTO t WITH … SELECT …",
                self.position,
            )),
        }
    }

    /// Walks down the left side, which is as deep as the chain is long, without recursion.
    fn set_operation(&self, mut body: &mut SetExpr) -> Result<()> {
        while let SetExpr::SetOperation { op, set_quantifier, left, right } = body {
            let counts_copies = matches!(set_quantifier, SetQuantifier::All | SetQuantifier::AllByName);
            if counts_copies && *op != SetOperator::Union {
                // DataFusion makes a semi join of it, which keeps or drops all copies of a row together.
                return Err(planned(&format!("{op} ALL"), "leave out ALL: each row comes once then", self.position));
            }
            self.body(right)?;
            body = left;
        }
        self.body(body)
    }

    fn select(&self, select: &mut Select) -> Result<()> {
        if select.into.is_some() {
            return Err(self.foreign("SELECT … INTO", "use CREATE TABLE t AS SELECT …"));
        }
        if select.prewhere.is_some()
            || !select.connect_by.is_empty()
            || !select.lateral_views.is_empty()
            || select.top.is_some()
        {
            return Err(self.foreign("PREWHERE, CONNECT BY, LATERAL VIEW or TOP", "use WHERE, WITH RECURSIVE, UNNEST or LIMIT"));
        }
        if !(select.cluster_by.is_empty() && select.distribute_by.is_empty() && select.sort_by.is_empty()) {
            return Err(self.foreign("CLUSTER BY, DISTRIBUTE BY or SORT BY", "use ORDER BY"));
        }
        if select.flavor == SelectFlavor::FromFirstNoSelect {
            let all =
                WildcardAdditionalOptions { wildcard_token: AttachedToken::empty(), ..WildcardAdditionalOptions::default() };
            select.projection = vec![SelectItem::Wildcard(all)];
        }
        select.flavor = SelectFlavor::Standard;
        Ok(())
    }

    fn rewritable(&self, what: &str, hint: &str) -> Error {
        Error::new(codes::LV_S305, format!("{what} is not in this release, and can be written in another way"))
            .with_hint(hint)
            .at(self.position)
    }

    fn foreign(&self, what: &str, hint: &str) -> Error {
        Error::new(codes::LV_S002, format!("{what} is not part of this SQL")).with_hint(hint).at(self.position)
    }
}
