//! Guessing the columns of a file from its first objects.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use levada_base::{Error, ReadFile, Result, codes};

use super::scanner::{Ahead, Scanner};
use crate::fault;
use crate::guess::{Guess, SAMPLE_ROWS_MAX};
use crate::input::Input;
use crate::lines::Lines;

/// What the values of one name have in common.
#[derive(Debug, Default)]
struct Shape {
    /// Values that are neither objects nor arrays.
    leaf: Guess,
    members: Option<Vec<(String, Shape)>>,
    item: Option<Box<Shape>>,
}

impl Shape {
    fn see(&mut self, scanner: &mut Scanner<'_>, depth: usize) -> Result<(), String> {
        match scanner.ahead()? {
            Ahead::Object => {
                let members = self.members.get_or_insert_default();
                scanner.object(depth, |scanner, name| member(members, name).see(scanner, depth + 1))
            }
            Ahead::Array => {
                let item = self.item.get_or_insert_default();
                scanner.array(depth, |scanner| item.see(scanner, depth + 1))
            }
            Ahead::String => {
                let text = scanner.string()?;
                let guess = match Guess::of(&text) {
                    times @ (Guess::Date | Guess::Timestamp | Guess::Instant) => times,
                    _ => Guess::Text,
                };
                self.leaf.see(guess);
                Ok(())
            }
            Ahead::Number => {
                let text = scanner.number()?;
                self.leaf.see(if text.parse::<i64>().is_ok() { Guess::Int } else { Guess::Float });
                Ok(())
            }
            Ahead::Bool => {
                scanner.bool()?;
                self.leaf.see(Guess::Bool);
                Ok(())
            }
            Ahead::Null => scanner.null(),
        }
    }

    /// The type that takes all values seen; `None` if there is none.
    fn data_type(&self) -> Option<DataType> {
        match (&self.leaf, &self.members, &self.item) {
            (leaf, None, None) => Some(leaf.data_type()),
            (Guess::Nothing, Some(members), None) if !members.is_empty() => {
                let fields: Option<Vec<_>> = members.iter().map(|(name, shape)| shape.field(name)).collect();
                fields.map(|fields| DataType::Struct(fields.into()))
            }
            (Guess::Nothing, None, Some(item)) => Some(DataType::List(Arc::new(item.field("item")?))),
            _ => None,
        }
    }

    fn field(&self, name: &str) -> Option<Field> {
        Some(Field::new(name, self.data_type()?, true))
    }
}

fn member<'a>(members: &'a mut Vec<(String, Shape)>, name: &str) -> &'a mut Shape {
    let at = members.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
        members.push((name.to_owned(), Shape::default()));
        members.len() - 1
    });
    &mut members[at].1
}

/// The columns that the first objects suggest, all of them nullable, in the order of their first appearance.
pub(super) fn infer(file: Box<dyn ReadFile>) -> Result<SchemaRef> {
    let mut lines = Lines::new(Input::new(file, "the file")?);
    let mut members = Vec::new();
    let mut rows = 0;
    while rows < SAMPLE_ROWS_MAX && lines.advance()? {
        let mut scanner = Scanner::new(lines.text()?);
        let read = scanner.ahead().and_then(|_| {
            scanner.object(0, |scanner, name| member(&mut members, name).see(scanner, 1))?;
            scanner.end()
        });
        read.map_err(|reason: String| fault::bad_row(lines.file(), lines.line(), None, reason))?;
        rows += 1;
    }
    if members.is_empty() {
        return Err(Error::new(codes::LV_S603, "the columns can't be told from an empty file").with_hint("declare the columns"));
    }
    let field = |(name, shape): &(String, Shape)| {
        shape.field(name).ok_or_else(|| {
            Error::new(codes::LV_S603, format!("the type of \"{name}\" can't be told"))
                .with_reason("its values are of different kinds")
                .with_hint("declare the columns")
        })
    };
    Ok(Arc::new(Schema::new(members.iter().map(field).collect::<Result<Vec<_>>>()?)))
}
