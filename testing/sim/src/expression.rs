//! Random expressions, as text.

use crate::chance::Chance;
use crate::datum::Type;

/// A column that an expression may use.
#[derive(Debug, Clone)]
pub struct Column {
    /// As it is written: with its relation's alias.
    pub name: String,
    pub data_type: Type,
}

/// Columns of one type.
pub fn of_type(scope: &[Column], data_type: Type) -> Vec<&Column> {
    scope.iter().filter(|column| column.data_type == data_type).collect()
}

/// A random expression of `data_type` over `scope`, at most `depth` operators deep. It fails on no row.
pub fn expression(chance: &mut Chance, scope: &[Column], data_type: Type, depth: usize) -> String {
    let columns = of_type(scope, data_type);
    if depth == 0 || data_type == Type::Noisy || chance.percent(45) {
        return match chance.pick_some(&columns) {
            Some(column) if chance.percent(93) => column.name.clone(),
            _ if chance.percent(5) => format!("CAST(NULL AS {})", data_type.sql()),
            _ => data_type.value(chance).literal(),
        };
    }
    let mut part = |chance: &mut Chance, data_type| expression(chance, scope, data_type, depth - 1);
    match chance.below(5) {
        0 => {
            let (condition, then, other) = (part(chance, Type::Bool), part(chance, data_type), part(chance, data_type));
            format!("CASE WHEN {condition} THEN {then} ELSE {other} END")
        }
        1 => format!("coalesce({}, {})", part(chance, data_type), part(chance, data_type)),
        _ => match data_type {
            Type::Int => integer(chance, &mut part),
            Type::Float | Type::Noisy => float(chance, &mut part),
            Type::Decimal => {
                format!("CAST({} + {} AS DECIMAL(10, 2))", part(chance, Type::Decimal), part(chance, Type::Decimal))
            }
            Type::Text => text(chance, &mut part),
            Type::Bool => condition(chance, &mut part),
            Type::Time => time(chance, &mut part),
        },
    }
}

type Part<'a> = &'a mut dyn FnMut(&mut Chance, Type) -> String;

fn integer(chance: &mut Chance, part: Part<'_>) -> String {
    let left = part(chance, Type::Int);
    match chance.below(6) {
        0 => format!("({left} + {})", part(chance, Type::Int)),
        1 => format!("({left} - {})", part(chance, Type::Int)),
        2 => format!("({left} * {})", chance.below(3)),
        3 => format!("({left} % 3)"),
        4 => format!("nullif({left}, {})", part(chance, Type::Int)),
        _ => format!("CAST(character_length({}) AS BIGINT)", part(chance, Type::Text)),
    }
}

fn float(chance: &mut Chance, part: Part<'_>) -> String {
    match chance.below(4) {
        0 => format!("({} + {})", part(chance, Type::Float), part(chance, Type::Float)),
        1 => format!("({} * 0.5)", part(chance, Type::Float)),
        2 => format!("abs({})", part(chance, Type::Float)),
        _ => format!("CAST({} AS DOUBLE)", part(chance, Type::Int)),
    }
}

fn text(chance: &mut Chance, part: Part<'_>) -> String {
    match chance.below(4) {
        0 => format!("upper({})", part(chance, Type::Text)),
        1 => format!("({} || {})", part(chance, Type::Text), part(chance, Type::Text)),
        2 => format!("substr({}, 1, 2)", part(chance, Type::Text)),
        _ => format!("CAST({} AS TEXT)", part(chance, Type::Int)),
    }
}

fn time(chance: &mut Chance, part: Part<'_>) -> String {
    match chance.below(2) {
        0 => format!("({} + INTERVAL '{}' SECOND)", part(chance, Type::Time), chance.below(20)),
        _ => format!("date_trunc('minute', {})", part(chance, Type::Time)),
    }
}

fn condition(chance: &mut Chance, part: Part<'_>) -> String {
    let compared = *chance.pick(&[Type::Int, Type::Int, Type::Float, Type::Decimal, Type::Text, Type::Time]);
    match chance.below(9) {
        0 => format!("({} AND {})", part(chance, Type::Bool), part(chance, Type::Bool)),
        1 => format!("({} OR {})", part(chance, Type::Bool), part(chance, Type::Bool)),
        2 => format!("(NOT {})", part(chance, Type::Bool)),
        3 => format!("({} IS NULL)", part(chance, compared)),
        4 => format!("({} IS DISTINCT FROM {})", part(chance, compared), part(chance, compared)),
        5 => format!("({} IN (0, 2, {}))", part(chance, Type::Int), part(chance, Type::Int)),
        6 => format!("({} LIKE 'a%')", part(chance, Type::Text)),
        7 => format!("({} BETWEEN 0 AND 3)", part(chance, Type::Int)),
        _ => {
            let operator = *chance.pick(&["=", "<>", "<", "<=", ">", ">="]);
            format!("({} {operator} {})", part(chance, compared), part(chance, compared))
        }
    }
}
