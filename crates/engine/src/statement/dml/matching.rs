//! The rows of a table that a statement finds, each with the values that the statement's expressions have for it.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use levada_base::{Error, Result, codes};
use levada_sql::{At, Ident, Name, Query, ast};

use crate::Database;
use crate::core::{Core, TableDefinition};
use crate::relations::Stored;
use crate::statement::select::evaluate_for;
use crate::statement::subscribe::query_of;

/// The number of a row among those of its table: what tells equal rows apart.
pub(super) const ROW_COLUMN: &str = "__levada_row";

/// `target [AS alias] [, from …] [WHERE filter]`
pub(super) struct Matching<'a> {
    pub target: &'a Name,
    pub alias: Option<&'a Ident>,
    pub from: &'a [ast::TableWithJoins],
    pub filter: Option<&'a At<Box<ast::Expr>>>,
}

/// What was found.
pub(super) struct Matched {
    /// The rows as they are.
    pub rows: RecordBatch,
    /// A column for each expression.
    pub values: Vec<ArrayRef>,
}

impl Matching<'_> {
    /// Finds the rows and evaluates `exprs` for each.
    ///
    /// # Errors
    /// `LV-S205` if a row is found twice; what the condition and the expressions say.
    pub(super) async fn find(&self, database: &Database, table: &TableDefinition, exprs: &[&ast::Expr]) -> Result<Matched> {
        self.find_in(database, table, exprs, |core, stored| put(stored, table, &content(core, table)?)).await
    }

    /// As [`Matching::find`], among the rows that `fill` puts under the table's name with [`put`].
    ///
    /// # Errors
    /// See [`Matching::find`].
    pub(super) async fn find_in(
        &self,
        database: &Database,
        table: &TableDefinition,
        exprs: &[&ast::Expr],
        fill: impl FnOnce(&mut Core, &Stored) -> Result<()>,
    ) -> Result<Matched> {
        let schema = table.relation.schema.clone();
        let query = self.query(&schema, exprs)?;
        let found = evaluate_for(database, &query, fill).await?;
        let found = one_batch(&found.schema, &found.batches)?;
        let width = schema.fields().len();
        self.check_once(found.column(width))?;
        let rows = RecordBatch::try_new(schema, found.columns()[..width].to_vec()).map_err(bug)?;
        Ok(Matched { rows, values: found.columns()[width + 1..].to_vec() })
    }

    /// The parts of the statement in a query: as parsed, so that errors point to where they were typed.
    fn query(&self, schema: &SchemaRef, exprs: &[&ast::Expr]) -> Result<Query> {
        let name = self.alias.map_or(&self.target.name, |alias| &alias.name);
        let own = schema.fields().iter().map(|field| field.name().as_str()).chain([ROW_COLUMN]);
        let own: Vec<String> = own.map(|column| format!("{}.{}", quoted(name), quoted(column))).collect();
        let alias = self.alias.map_or_else(String::new, |alias| format!(" AS {}", quoted(&alias.name)));
        let frame = format!("SELECT {} FROM {}{alias}", own.join(", "), self.target);
        let mut query = query_of(&frame, self.target.position)?;
        let ast::SetExpr::Select(select) = query.ast.body.as_mut() else {
            return Err(Error::internal("a frame that is no SELECT"));
        };
        select.projection.extend(exprs.iter().enumerate().map(|(at, expr)| ast::SelectItem::ExprWithAlias {
            expr: (*expr).clone(),
            alias: ast::Ident::new(format!("__levada_value_{at}")),
        }));
        select.from.extend(self.from.iter().cloned());
        select.selection = self.filter.map(|filter| filter.value.as_ref().clone());
        Ok(query)
    }

    fn check_once(&self, numbers: &ArrayRef) -> Result<()> {
        let mut numbers = numbers.as_primitive::<Int64Type>().values().to_vec();
        numbers.sort_unstable();
        if numbers.windows(2).all(|pair| pair[0] != pair[1]) {
            return Ok(());
        }
        Err(Error::new(codes::LV_S205, format!("a row of \"{}\" meets several rows of the other relations", self.target))
            .with_reason("it can't be said which of them counts")
            .with_hint("narrow the condition, or aggregate the other relation to a row for each")
            .at(self.target.position))
    }
}

/// Lets the table's name stand for these rows, numbered.
pub(super) fn put(stored: &Stored, table: &TableDefinition, rows: &[RecordBatch]) -> Result<()> {
    let rows = numbered(&table.relation.schema, rows)?;
    stored.put(&table.relation.name, vec![rows.clone()], rows.schema())
}

/// The rows of a table.
pub(super) fn content(core: &mut Core, table: &TableDefinition) -> Result<Vec<RecordBatch>> {
    let content = core.contents.get_mut(&table.relation.id);
    content.ok_or_else(|| Error::internal("a table without content"))?.rows()
}

/// The rows in one batch with their numbers behind.
pub(super) fn numbered(schema: &SchemaRef, rows: &[RecordBatch]) -> Result<RecordBatch> {
    let rows = one_batch(schema, rows)?;
    let number = Arc::new(Field::new(ROW_COLUMN, DataType::Int64, false));
    let fields: Vec<_> = schema.fields().iter().cloned().chain([number]).collect();
    let mut columns = rows.columns().to_vec();
    columns.push(Arc::new(Int64Array::from_iter_values(0..rows.num_rows() as i64)));
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(bug)
}

/// All rows in one batch.
pub(super) fn one_batch(schema: &SchemaRef, rows: &[RecordBatch]) -> Result<RecordBatch> {
    concat_batches(schema, rows).map_err(bug)
}

/// A name as it is written where it may hold anything.
pub(in crate::statement) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn bug(cause: arrow::error::ArrowError) -> Error {
    Error::internal(format!("rows of a table: {cause}"))
}
