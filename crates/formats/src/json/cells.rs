//! Columns built from JSON values, nested ones too.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, NullBufferBuilder, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, FieldRef};
use levada_base::{Error, Result};

use super::members::Members;
use super::scanner::{Ahead, Scanner};
use crate::fault;
use crate::value::names::{sql_name, with_article};
use crate::value::parse::{Cells, cells, cut, shown};

/// What is wrong with a row, and in which column.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The column, or the part of it (`a.b`); empty if the text itself is broken.
    pub(super) column: String,
    pub(super) kind: WrongKind,
}

#[derive(Debug)]
pub(super) enum WrongKind {
    /// The value, or the text, is not what it must be.
    Value(String),
    /// The object lacks a member that may not be NULL; it has these.
    Missing(Vec<String>),
    /// Several members could be the column.
    Ambiguous,
}

impl From<String> for Wrong {
    fn from(reason: String) -> Self {
        Self { column: String::new(), kind: WrongKind::Value(reason) }
    }
}

impl Wrong {
    fn value(reason: String) -> Self {
        reason.into()
    }

    /// The same, seen from the column around it.
    pub(super) fn inside(mut self, name: &str) -> Self {
        self.column = if self.column.is_empty() { name.to_owned() } else { format!("{name}.{}", self.column) };
        self
    }
}

/// A column, or a part of a nested one. Each append adds exactly one cell also if it fails, so that parts never get out of step.
pub(super) enum Node {
    Leaf { takes: Takes, data_type: DataType, cells: Box<dyn Cells> },
    Struct { members: Members, nulls: NullBufferBuilder },
    List { item: FieldRef, node: Box<Node>, offsets: Vec<i32>, nulls: NullBufferBuilder },
}

/// The JSON values that a leaf takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Bools,
    Numbers,
    /// Numbers, and strings for what is no JSON number.
    Floats,
    Strings,
}

impl Node {
    pub(super) fn new(field: &FieldRef) -> Result<Self> {
        let data_type = field.data_type();
        Ok(match data_type {
            DataType::Struct(fields) => Self::Struct { members: Members::new(fields)?, nulls: NullBufferBuilder::new(0) },
            DataType::List(item) => Self::List {
                item: item.clone(),
                node: Box::new(Self::new(item)?),
                offsets: vec![0],
                nulls: NullBufferBuilder::new(0),
            },
            _ => {
                let cells = cells(data_type).ok_or_else(|| {
                    fault::unfit_type("json", field.name(), &sql_name(data_type))
                        .with_hint("leave the column out, or use another format")
                })?;
                Self::Leaf { takes: Takes::of(data_type), data_type: data_type.clone(), cells }
            }
        })
    }

    pub(super) fn append_null(&mut self) {
        match self {
            Self::Leaf { cells, .. } => cells.append_null(),
            Self::Struct { members, nulls } => {
                members.nodes.iter_mut().for_each(Self::append_null);
                nulls.append_null();
            }
            Self::List { offsets, nulls, .. } => {
                offsets.push(offsets.last().copied().unwrap_or_default());
                nulls.append_null();
            }
        }
    }

    /// Adds the value that comes next; `nullable` says whether it may be `null`.
    pub(super) fn append(&mut self, scanner: &mut Scanner<'_>, nullable: bool, depth: usize) -> Result<(), Wrong> {
        let ahead = match scanner.ahead() {
            Ok(ahead) => ahead,
            Err(reason) => {
                self.append_null();
                return Err(Wrong::value(reason));
            }
        };
        if ahead == Ahead::Null {
            self.append_null();
            scanner.null()?;
            return if nullable {
                Ok(())
            } else {
                Err(Wrong::value("null is not allowed: the column is declared NOT NULL".to_owned()))
            };
        }
        match self {
            Self::Leaf { takes, data_type, cells } => append_leaf(scanner, ahead, *takes, data_type, &mut **cells, depth),
            Self::Struct { members, nulls } => {
                nulls.append_non_null();
                if ahead == Ahead::Object {
                    return members.append(scanner, depth);
                }
                members.nodes.iter_mut().for_each(Self::append_null);
                Err(Wrong::value(misfit(scanner, "an object", depth)?))
            }
            Self::List { item, node, offsets, nulls } => {
                nulls.append_non_null();
                let mut count = offsets.last().copied().unwrap_or_default();
                let outcome = if ahead == Ahead::Array {
                    scanner.array(depth, |scanner| {
                        count += 1;
                        node.append(scanner, item.is_nullable(), depth + 1)
                    })
                } else {
                    misfit(scanner, "an array", depth).map_err(Wrong::value).and_then(|reason| Err(Wrong::value(reason)))
                };
                offsets.push(count);
                outcome
            }
        }
    }

    /// The first `rows` cells; the column is empty afterwards.
    pub(super) fn finish(&mut self, rows: usize) -> Result<ArrayRef> {
        let bug = |cause: arrow::error::ArrowError| Error::internal(format!("json column: {cause}"));
        Ok(match self {
            Self::Leaf { cells, .. } => cells.finish(rows),
            Self::Struct { members, nulls } => {
                let nulls = nulls.finish().map(|nulls| nulls.slice(0, rows));
                let arrays = members.nodes.iter_mut().map(|node| node.finish(rows)).collect::<Result<_>>()?;
                Arc::new(StructArray::try_new_with_length(members.fields.clone(), arrays, nulls, rows).map_err(bug)?)
            }
            Self::List { item, node, offsets, nulls } => {
                let mut kept = std::mem::replace(offsets, vec![0]);
                kept.truncate(rows + 1);
                let items = node.finish(kept.last().copied().unwrap_or_default() as usize)?;
                let nulls = nulls.finish().map(|nulls| nulls.slice(0, rows));
                Arc::new(ListArray::try_new(item.clone(), OffsetBuffer::new(kept.into()), items, nulls).map_err(bug)?)
            }
        })
    }
}

impl Takes {
    fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Boolean => Self::Bools,
            DataType::Float32 | DataType::Float64 => Self::Floats,
            other if other.is_numeric() => Self::Numbers,
            _ => Self::Strings,
        }
    }
}

fn append_leaf(
    scanner: &mut Scanner<'_>,
    ahead: Ahead,
    takes: Takes,
    data_type: &DataType,
    cells: &mut dyn Cells,
    depth: usize,
) -> Result<(), Wrong> {
    let value = match (ahead, takes) {
        (Ahead::Bool, Takes::Bools) => scanner.bool().map(|value| cells.append_bool(value)),
        (Ahead::Number, Takes::Numbers | Takes::Floats) => scanner.number().map(|text| cells.append_text(text)),
        (Ahead::String, Takes::Strings | Takes::Floats) => scanner.string().map(|text| cells.append_text(&text)),
        _ => {
            cells.append_null();
            return Err(Wrong::value(misfit(scanner, &with_article(&sql_name(data_type)), depth)?));
        }
    };
    match value {
        Ok(outcome) => outcome.map_err(Wrong::value),
        Err(broken) => {
            cells.append_null();
            Err(Wrong::value(broken))
        }
    }
}

/// Passes over a value that is not `wanted`, and says so; fails if the text itself is broken.
fn misfit(scanner: &mut Scanner<'_>, wanted: &str, depth: usize) -> Result<String, String> {
    let before = scanner.clone();
    scanner.skip(depth)?;
    Ok(format!("{} is not {wanted}", before.until(scanner)))
}

impl Scanner<'_> {
    /// The text from here to `end`, as an error shows it.
    fn until(&self, end: &Self) -> String {
        let text = self.rest_until(end).trim();
        match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(inside) => shown(inside),
            None => cut(text).into_owned(),
        }
    }
}
