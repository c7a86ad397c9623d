//! What a statement answered, as text: for comparing with what a script or a page expects.

use arrow::datatypes::{DataType, Field};
use levada::Rows;
use sqllogictest::{DBOutput, DefaultColumnType};

/// Columns and rows as text (NULL as `NULL`, an empty text as `(empty)`), or how many rows were written.
#[derive(Debug, Default)]
pub struct Answer {
    pub columns: Vec<(String, DefaultColumnType)>,
    pub rows: Vec<Vec<String>>,
    /// Rows written, where the statement wrote.
    pub count: u64,
}

impl Answer {
    pub(crate) fn of_rows(rows: &Rows) -> Self {
        let columns = rows.schema.fields().iter().map(|field| column(field)).collect();
        Self { columns, rows: rows.texts().into_iter().map(|row| row.into_iter().map(shown).collect()).collect(), count: 0 }
    }

    /// Rows of text with one column for each name.
    pub(crate) fn of_texts(names: &[&str], rows: Vec<Vec<String>>) -> Self {
        let columns = names.iter().map(|name| ((*name).to_owned(), DefaultColumnType::Text)).collect();
        Self { columns, rows, count: 0 }
    }

    pub(crate) fn of_count(count: u64) -> Self {
        Self { count, ..Self::default() }
    }

    /// The answer in sqllogictest's form.
    pub(crate) fn into_output(self) -> DBOutput<DefaultColumnType> {
        if self.columns.is_empty() {
            return DBOutput::StatementComplete(self.count);
        }
        DBOutput::Rows { types: self.columns.into_iter().map(|(_, letter)| letter).collect(), rows: self.rows }
    }

    /// A line of names and a line for each row, cells without the blanks around them.
    pub(crate) fn table(&self) -> Vec<Vec<String>> {
        let names = self.columns.iter().map(|(name, _)| name.clone()).collect();
        std::iter::once(names).chain(self.rows.iter().cloned()).collect()
    }
}

/// A column's name and sqllogictest's letter for its type.
pub(crate) fn column(field: &Field) -> (String, DefaultColumnType) {
    let letter = match field.data_type() {
        kind if kind.is_integer() => DefaultColumnType::Integer,
        kind if kind.is_floating() => DefaultColumnType::FloatingPoint,
        DataType::Decimal128(..) | DataType::Decimal256(..) => DefaultColumnType::FloatingPoint,
        _ => DefaultColumnType::Text,
    };
    (field.name().clone(), letter)
}

/// A value as it is compared.
pub(crate) fn shown(value: Option<String>) -> String {
    match value {
        None => "NULL".to_owned(),
        Some(text) if text.is_empty() => "(empty)".to_owned(),
        Some(text) => text,
    }
}
