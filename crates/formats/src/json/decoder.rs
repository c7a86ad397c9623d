//! Lines to batches.

use arrow::array::ArrayRef;
use levada_base::{Error, ReadFile, Result};
use levada_connect::ReadPlan;

use super::cells::{Wrong, WrongKind};
use super::members::Members;
use super::scanner::{Ahead, Scanner};
use crate::input::Input;
use crate::lines::Lines;
use crate::rows::ReadRows;
use crate::value::parse::cut;
use crate::{columns, fault};

/// The rows of one file of JSON lines.
pub(super) struct JsonRows {
    lines: Lines,
    members: Members,
}

impl JsonRows {
    pub(super) fn new(file: Box<dyn ReadFile>, plan: &ReadPlan) -> Result<Self> {
        let mut lines = Lines::new(Input::new(file, &plan.file)?);
        for _ in 0..plan.skip_rows {
            if !lines.advance()? {
                break;
            }
        }
        Ok(Self { lines, members: Members::new(plan.schema.fields())? })
    }
}

impl ReadRows for JsonRows {
    fn read_row(&mut self) -> Result<bool> {
        if !self.lines.advance()? {
            return Ok(false);
        }
        let text = self.lines.text()?;
        let mut scanner = Scanner::new(text);
        let outcome = object_ahead(&mut scanner).and_then(|()| {
            self.members.append(&mut scanner, 0)?;
            Ok(scanner.end()?)
        });
        outcome.map(|()| true).map_err(|wrong| error(&self.lines, text, wrong))
    }

    fn take_columns(&mut self, rows: usize) -> Result<Vec<ArrayRef>> {
        self.members.finish(rows)
    }
}

fn error(lines: &Lines, text: &str, wrong: Wrong) -> Error {
    let (file, line) = (lines.file(), lines.line());
    let place = format!("{file}, line {line}");
    match wrong.kind {
        WrongKind::Value(reason) if wrong.column.is_empty() => {
            fault::bad_row(file, line, None, format!("{reason}: {}", cut(text.trim_end())))
        }
        WrongKind::Value(reason) => fault::bad_row(file, line, Some(&wrong.column), reason),
        WrongKind::Ambiguous => columns::ambiguous(&place, &wrong.column),
        WrongKind::Missing(names) => fault::missing_column(&place, &wrong.column, names.iter().map(String::as_str)),
    }
}

/// A line must hold an object.
fn object_ahead(scanner: &mut Scanner<'_>) -> Result<(), Wrong> {
    match scanner.ahead()? {
        Ahead::Object => Ok(()),
        Ahead::Array => Err("the line holds an array: write one object a line".to_owned().into()),
        _ => Err("the line holds no object".to_owned().into()),
    }
}
