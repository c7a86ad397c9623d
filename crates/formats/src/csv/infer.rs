//! Guessing the columns of a file from its first rows.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use levada_base::{Error, ReadFile, Result, codes};

use super::Dialect;
use super::records::Records;
use crate::guess::{Guess, SAMPLE_ROWS_MAX};
use crate::input::Input;

/// The columns that the first rows suggest, all of them nullable.
pub(super) fn infer(file: Box<dyn ReadFile>, dialect: &Dialect) -> Result<SchemaRef> {
    let has_header = dialect.has_header;
    let mut records = Records::new(Input::new(file, "the file")?, dialect.clone());
    if !records.advance(0)? {
        return Err(Error::new(codes::LV_S603, "the columns can't be told from an empty file").with_hint("declare the columns"));
    }
    let text = records.text()?;
    let width = records.width();
    let name = |at| if has_header { records.name(text, at) } else { format!("column_{}", at + 1) };
    let names: Vec<String> = (0..width).map(name).collect();
    let mut guesses = vec![Guess::default(); width];
    let mut more = if has_header { records.advance(width)? } else { true };
    let mut rows = 0;
    while more && rows < SAMPLE_ROWS_MAX {
        let text = records.text()?;
        for (at, guess) in guesses.iter_mut().enumerate().take(records.width()) {
            if let Some(value) = records.field(text, at) {
                guess.see_text(&value);
            }
        }
        rows += 1;
        more = records.advance(width)?;
    }
    let fields = names.into_iter().zip(guesses).map(|(name, guess)| Field::new(name, guess.data_type(), true));
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}
