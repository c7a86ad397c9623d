//! The column list of CREATE SOURCE and CREATE TABLE: columns, the primary key, the watermark.

use std::fmt;

use levada_base::{Error, Position, Result, codes};
use sqlparser::ast::{DataType, Expr};
use sqlparser::tokenizer::Token;

use super::name::{joined, literal};
use super::{At, Ident};
use crate::parser::{Reader, beyond, once, planned, refuse_planned, twice};

/// The most columns of one relation.
pub const COLUMNS_MAX: usize = 1_600;

/// One declared column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub name: Ident,
    /// Left out only for computed columns, and where a query gives the columns.
    pub data_type: Option<At<DataType>>,
    pub not_null: bool,
    pub value: ColumnValue,
}

/// Where a column's values come from.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnValue {
    /// From the input; NULL if it is not there.
    Input,
    /// From the input; the expression if it is not there.
    Default(At<Box<Expr>>),
    /// Computed once at arrival: `c AS e`, `c type AS e`, `c type GENERATED ALWAYS AS (e) STORED`.
    Generated(At<Box<Expr>>),
    /// From what the connector knows about the row: `METADATA FROM 'key'`.
    Metadata(At<String>),
}

/// `WATERMARK FOR column [AS expr]`; without an expression the delay is zero.
#[derive(Debug, Clone)]
pub struct WatermarkFor {
    pub column: Ident,
    pub expr: Option<At<Box<Expr>>>,
    pub position: Position,
}

impl PartialEq for WatermarkFor {
    fn eq(&self, other: &Self) -> bool {
        (&self.column, &self.expr) == (&other.column, &other.expr)
    }
}

/// What stands between the parentheses.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ColumnList {
    pub columns: Vec<Column>,
    pub primary_key: Option<Vec<Ident>>,
    pub watermark: Option<WatermarkFor>,
}

impl ColumnList {
    /// Reads `(column | PRIMARY KEY (…) | WATERMARK FOR …, …)`.
    pub(crate) fn parse(reader: &mut Reader<'_>) -> Result<Self> {
        let mut list = Self::default();
        reader.list(|reader| list.parse_item(reader))?;
        Ok(list)
    }

    /// An error if a column has neither a type nor an expression that gives it one.
    pub(crate) fn require_types(&self) -> Result<()> {
        let untyped = |column: &&Column| column.data_type.is_none() && !matches!(column.value, ColumnValue::Generated(_));
        match self.columns.iter().find(untyped) {
            Some(Column { name, .. }) => Err(Error::new(codes::LV_S001, format!("column \"{}\" has no type", name.name))
                .with_hint(format!("write a type behind it, such as {name} BIGINT"))
                .at(name.position)),
            None => Ok(()),
        }
    }

    fn parse_item(&mut self, reader: &mut Reader<'_>) -> Result<()> {
        let position = reader.position();
        if reader.is_symbol(&Token::Mul) {
            return Err(planned(
                "\"*\" in a column list",
                "leave the column list out to discover the schema, or name the columns",
                position,
            ));
        }
        if reader.is("WATERMARK FOR") {
            let watermark = parse_watermark(reader)?;
            return once(&mut self.watermark, watermark, "WATERMARK", position);
        }
        if reader.take("CONSTRAINT") {
            reader.ident("a constraint's name")?;
        }
        if reader.is("PRIMARY KEY") {
            let position = reader.expect("PRIMARY KEY")?;
            let key = reader.list(|reader| reader.ident("a key column"))?;
            return once(&mut self.primary_key, key, "PRIMARY KEY", position);
        }
        refuse_constraint(reader, true)?;
        let column = self.parse_column(reader)?;
        if self.columns.len() == COLUMNS_MAX {
            return Err(beyond("columns_max", COLUMNS_MAX, COLUMNS_MAX + 1, column.name.position, "split the relation"));
        }
        self.columns.push(column);
        Ok(())
    }

    fn parse_column(&mut self, reader: &mut Reader<'_>) -> Result<Column> {
        let name = reader.ident("a column name, PRIMARY KEY or WATERMARK FOR")?;
        let untyped = reader.is_symbol(&Token::Comma) || reader.is_symbol(&Token::RParen) || reader.is("AS");
        let data_type = if untyped { None } else { Some(reader.data_type()?) };
        let mut column = Column { name, data_type, not_null: false, value: ColumnValue::Input };
        while !(reader.is_symbol(&Token::Comma) || reader.is_symbol(&Token::RParen)) {
            self.parse_column_clause(reader, &mut column)?;
        }
        Ok(column)
    }

    fn parse_column_clause(&mut self, reader: &mut Reader<'_>, column: &mut Column) -> Result<()> {
        let position = reader.position();
        if reader.take("NOT NULL") {
            if std::mem::replace(&mut column.not_null, true) {
                return Err(twice("NOT NULL", position));
            }
            return Ok(());
        }
        if reader.take("NULL") {
            return if column.not_null { Err(contradiction("NULL", "NOT NULL", position)) } else { Ok(()) };
        }
        if reader.is("PRIMARY KEY") {
            let position = reader.expect("PRIMARY KEY")?;
            return once(&mut self.primary_key, vec![column.name.clone()], "PRIMARY KEY", position);
        }
        refuse_constraint(reader, false)?;
        refuse_planned(reader)?;
        let Some(value) = parse_value(reader)? else {
            return Err(reader.unexpected("a column clause, \",\" or \")\""));
        };
        if column.value != ColumnValue::Input {
            return Err(contradiction("this clause", "the one before it", position));
        }
        column.value = value;
        Ok(())
    }
}

fn parse_watermark(reader: &mut Reader<'_>) -> Result<WatermarkFor> {
    let first = reader.index();
    reader.expect("WATERMARK FOR")?;
    let column = reader.ident("the event-time column")?;
    let expr = if reader.take("AS") { Some(reader.expr()?) } else { None };
    if reader.is("WITH TTL") {
        return Err(planned("WATERMARK … WITH TTL", "leave it out: rows are kept", reader.position()));
    }
    Ok(WatermarkFor { column, expr, position: reader.position_from(first, reader.index()) })
}

fn parse_value(reader: &mut Reader<'_>) -> Result<Option<ColumnValue>> {
    if reader.take("DEFAULT") {
        return reader.expr().map(|expr| Some(ColumnValue::Default(expr)));
    }
    if reader.take("AS") {
        return reader.expr().map(|expr| Some(ColumnValue::Generated(unwrapped(expr))));
    }
    if reader.take("GENERATED ALWAYS") {
        reader.expect("AS")?;
        let expr = reader.expr()?;
        if reader.is("VIRTUAL") {
            return Err(planned("a VIRTUAL column", "write STORED: the value is computed once, at arrival", reader.position()));
        }
        reader.expect("STORED")?;
        return Ok(Some(ColumnValue::Generated(unwrapped(expr))));
    }
    if reader.take("METADATA") {
        reader.expect("FROM")?;
        return reader.string("the metadata key as a text").map(|key| Some(ColumnValue::Metadata(key)));
    }
    Ok(None)
}

/// The three spellings of a computed column differ in their parentheses only: without them they compare and print the same.
fn unwrapped(mut expr: At<Box<Expr>>) -> At<Box<Expr>> {
    while let Expr::Nested(inner) = *expr.value {
        expr.value = inner;
    }
    expr
}

fn contradiction(clause: &str, other: &str, position: Position) -> Error {
    Error::new(codes::LV_S003, format!("{clause} contradicts {other} of the same column"))
        .with_hint("remove one of the two")
        .at(position)
}

/// Constraints that would have to be checked against other rows: refused, not accepted and forgotten.
fn refuse_constraint(reader: &Reader<'_>, starts_item: bool) -> Result<()> {
    let words = ["UNIQUE", "CHECK", "FOREIGN KEY", "REFERENCES"];
    // A column may be called "check" or "unique": as an item, only what can't be a column and its type is refused.
    let next = usize::from(!starts_item || reader.is("FOREIGN KEY"));
    let found = words.iter().find(|word| reader.is(word) && (next == 1 || matches!(reader.token(1), Token::LParen)));
    match found {
        Some(word) => Err(Error::new(codes::LV_S002, format!("{word} constraints are not supported"))
            .with_hint(
                "declare PRIMARY KEY (…) and NOT NULL; other rules belong into a view that shows the rows that break them",
            )
            .at(reader.position())),
        None => Ok(()),
    }
}

impl fmt::Display for Column {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.name)?;
        if let Some(data_type) = &self.data_type {
            write!(out, " {}", data_type.value)?;
        }
        if self.not_null {
            out.write_str(" NOT NULL")?;
        }
        match &self.value {
            ColumnValue::Input => Ok(()),
            ColumnValue::Default(expr) => write!(out, " DEFAULT {}", expr.value),
            ColumnValue::Generated(expr) => write!(out, " AS {}", expr.value),
            ColumnValue::Metadata(key) => write!(out, " METADATA FROM {}", literal(key)),
        }
    }
}

impl fmt::Display for WatermarkFor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "WATERMARK FOR {}", self.column)?;
        match &self.expr {
            Some(expr) => write!(out, " AS {}", expr.value),
            None => Ok(()),
        }
    }
}

/// Prints ` (columns, PRIMARY KEY (…), WATERMARK …)`, or nothing if there is nothing between the parentheses.
pub(crate) fn write_columns(
    out: &mut fmt::Formatter<'_>,
    columns: &[Column],
    primary_key: &[Ident],
    watermark: Option<&WatermarkFor>,
) -> fmt::Result {
    let mut items: Vec<String> = columns.iter().map(Column::to_string).collect();
    if !primary_key.is_empty() {
        items.push(format!("PRIMARY KEY ({})", joined(primary_key)));
    }
    items.extend(watermark.map(WatermarkFor::to_string));
    if items.is_empty() {
        return Ok(());
    }
    write!(out, " (\n  {}\n)", items.join(",\n  "))
}
