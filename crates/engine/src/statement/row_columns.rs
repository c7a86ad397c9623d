//! The columns of a source or table: declared, computed, defaulted.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::DFSchema;
use levada_base::{Error, Position, Result, codes};
use levada_plan::{Binder, Expression, data_type, from_datafusion, type_name};
use levada_sql::{At, Column, ColumnValue, Ident, WatermarkFor, ast};

use crate::core::Core;
use crate::intake::{Prepare, Step, WatermarkDefinition, at_arrival};

/// The columns of a relation with how they come to be.
pub(super) struct RowColumns {
    pub prepare: Prepare,
    pub defaults: Vec<Option<Arc<Expression>>>,
}

/// Checks and compiles the columns of `name`. Columns in `key` are NOT NULL.
///
/// # Errors
/// `LV-S111` for a duplicate or missing column; `LV-S406` for a type; `LV-S004` for metadata columns; the codes of expressions.
pub(super) fn columns(core: &Core, name: &str, columns: &[Column], key: &[Ident]) -> Result<RowColumns> {
    check_names(columns, key)?;
    let mut input = Vec::new();
    let mut output: Vec<Field> = Vec::new();
    let mut steps = Vec::new();
    let mut defaults = Vec::new();
    for column in columns {
        let declared = match &column.data_type {
            None => None,
            Some(declared) => Some(data_type(declared, Some(declared.position))?),
        };
        let nullable = !(column.not_null || key.iter().any(|ident| ident.name == column.name.name));
        let mut default = None;
        let data_type = match &column.value {
            ColumnValue::Generated(expr) => {
                let (expression, found) = computed(core, expr, &output, declared.as_ref())?;
                check_declared(declared, &found, column)?;
                steps.push(Step::Compute(Arc::new(expression)));
                found
            }
            ColumnValue::Metadata(_) => {
                return Err(Error::new(codes::LV_S004, "METADATA columns are not in this release")
                    .with_hint("leave the column out")
                    .at(column.name.position));
            }
            ColumnValue::Input | ColumnValue::Default(_) => {
                let declared = declared.ok_or_else(|| no_type(column))?;
                if let ColumnValue::Default(expr) = &column.value {
                    default = Some(Arc::new(cast_to(core, expr, &declared)?));
                }
                steps.push(Step::Take(input.len()));
                input.push(Field::new(&column.name.name, declared.clone(), nullable));
                declared
            }
        };
        defaults.push(default);
        output.push(Field::new(&column.name.name, data_type, nullable));
    }
    let prepare = Prepare {
        name: name.to_owned(),
        input: Arc::new(Schema::new(input)),
        steps,
        output: Arc::new(Schema::new(output)),
        op: None,
    };
    Ok(RowColumns { prepare, defaults })
}

/// The columns of a source that says them itself.
pub(super) fn discovered(name: &str, schema: &SchemaRef) -> RowColumns {
    let steps = (0..schema.fields().len()).map(Step::Take).collect();
    let prepare = Prepare { name: name.to_owned(), input: schema.clone(), steps, output: schema.clone(), op: None };
    RowColumns { prepare, defaults: vec![None; schema.fields().len()] }
}

/// The places of named columns.
///
/// # Errors
/// `LV-S110` with the nearest name.
pub(super) fn places(schema: &SchemaRef, names: &[Ident]) -> Result<Vec<usize>> {
    names.iter().map(|name| place(schema, &name.name, name.position)).collect()
}

/// The place of a named column.
///
/// # Errors
/// `LV-S110` with the nearest name.
pub(super) fn place(schema: &SchemaRef, name: &str, position: Position) -> Result<usize> {
    schema.index_of(name).map_err(|_| {
        let error = Error::new(codes::LV_S110, format!("column \"{name}\" not found")).at(position);
        match levada_base::nearest(name, schema.fields().iter().map(|field| field.name().as_str())) {
            Some(near) => error.with_hint(format!("did you mean \"{near}\"?")),
            None => error,
        }
    })
}

/// `WATERMARK FOR c AS e`, compiled.
///
/// # Errors
/// `LV-S110` for an unknown column; `LV-S501` where the column or the expression is no time.
pub(super) fn watermark(binder: &Binder, clause: &WatermarkFor, schema: &SchemaRef) -> Result<WatermarkDefinition> {
    use arrow::datatypes::DataType;
    let column = place(schema, &clause.column.name, clause.column.position)?;
    let field = schema.field(column);
    let is_time = |data_type: &DataType| matches!(data_type, DataType::Timestamp(..) | DataType::Int64);
    if !is_time(field.data_type()) {
        let found = type_name(field.data_type());
        return Err(Error::new(codes::LV_S501, format!("column \"{}\" is {found}, which can't be event time", field.name()))
            .with_hint(
                "use a TIMESTAMP, TIMESTAMPTZ or BIGINT column, or a computed one: ts TIMESTAMP AS (CAST(… AS TIMESTAMP))",
            )
            .at(clause.column.position));
    }
    let (expr, position) = match &clause.expr {
        None => (ast::Expr::Identifier(ast::Ident::with_quote('"', field.name())), clause.position),
        Some(expr) => (expr.value.as_ref().clone(), expr.position),
    };
    let frame = frame(schema)?;
    let expr = binder.expression(&expr, &frame).map_err(|error| error.at(position))?;
    let expression = binder.compile(expr, &frame).map_err(|error| error.at(position))?;
    let found = expression.data_type(schema)?;
    if found != *field.data_type() {
        return Err(Error::new(
            codes::LV_S501,
            format!("the watermark is {}, its column {}", type_name(&found), type_name(field.data_type())),
        )
        .with_hint(format!("write {0} - INTERVAL '5' SECOND, or {0} - 100 for a BIGINT", field.name()))
        .at(position));
    }
    Ok(WatermarkDefinition { column, expression: Arc::new(expression) })
}

fn check_names(columns: &[Column], key: &[Ident]) -> Result<()> {
    for (at, column) in columns.iter().enumerate() {
        if columns[..at].iter().any(|earlier| earlier.name.name == column.name.name) {
            return Err(Error::new(codes::LV_S111, format!("column \"{}\" is declared twice", column.name.name))
                .with_hint("rename one of them")
                .at(column.name.position));
        }
    }
    let unknown = key.iter().find(|name| !columns.iter().any(|column| column.name.name == name.name));
    match unknown {
        None => Ok(()),
        Some(name) => {
            let error =
                Error::new(codes::LV_S110, format!("column \"{}\" of the key is not declared", name.name)).at(name.position);
            let names = columns.iter().map(|column| column.name.name.as_str());
            Err(match levada_base::nearest(&name.name, names) {
                Some(near) => error.with_hint(format!("did you mean \"{near}\"?")),
                None => error,
            })
        }
    }
}

/// The expression of a computed column and its type: the declared one where both have the same name in SQL, as the times of `now()` and
/// of a declared column do, which count in other units.
fn computed(
    core: &Core,
    expr: &At<Box<ast::Expr>>,
    before: &[Field],
    declared: Option<&arrow::datatypes::DataType>,
) -> Result<(Expression, arrow::datatypes::DataType)> {
    let schema: SchemaRef = Arc::new(Schema::new(before.to_vec()));
    let frame = frame(&schema)?;
    let bound = core.binder.expression(&expr.value, &frame).map_err(|error| error.at(expr.position))?;
    let bound = at_arrival(bound, &core.world)?;
    let expression = core.binder.compile(bound.clone(), &frame).map_err(|error| error.at(expr.position))?;
    let found = expression.data_type(&schema)?;
    let target = declared.filter(|declared| type_name(declared) == type_name(&found)).cloned();
    let target = target.unwrap_or_else(|| levada_delta::engine_type(&found));
    if target == found {
        return Ok((expression, found));
    }
    let cast = core.binder.compile(datafusion::logical_expr::cast(bound, target.clone()), &frame)?;
    Ok((cast, target))
}

/// A constant in the type of its column.
fn cast_to(core: &Core, expr: &At<Box<ast::Expr>>, target: &arrow::datatypes::DataType) -> Result<Expression> {
    let nothing = DFSchema::empty();
    let bound = core.binder.expression(&expr.value, &nothing).map_err(|error| error.at(expr.position))?;
    let bound = at_arrival(bound, &core.world)?;
    core.binder
        .compile(datafusion::logical_expr::cast(bound, target.clone()), &nothing)
        .map_err(|error| error.at(expr.position))
}

fn check_declared(
    declared: Option<arrow::datatypes::DataType>,
    found: &arrow::datatypes::DataType,
    column: &Column,
) -> Result<()> {
    match declared {
        Some(declared) if declared != *found => Err(Error::new(
            codes::LV_S111,
            format!(
                "column \"{}\" is declared {} and computed as {}",
                column.name.name,
                type_name(&declared),
                type_name(found)
            ),
        )
        .with_hint(format!("cast it: AS (CAST(… AS {}))", type_name(&declared)))
        .at(column.name.position)),
        _ => Ok(()),
    }
}

fn no_type(column: &Column) -> Error {
    Error::new(codes::LV_S111, format!("column \"{}\" has no type", column.name.name))
        .with_hint(format!("write {} TEXT, or another type", column.name.name))
        .at(column.name.position)
}

fn frame(schema: &SchemaRef) -> Result<DFSchema> {
    DFSchema::try_from(schema.clone()).map_err(from_datafusion)
}
