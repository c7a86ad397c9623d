//! What the columns of a key are, and how a batch of keys is opened.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use levada_base::{Error, Result};

use crate::column::{ColumnInput, ColumnKind};

/// Words of a fixed-width key: beyond that, comparing bytes is as good.
pub(super) const KEY_WORDS_MAX: usize = 4;

/// One column of a key.
#[derive(Debug)]
pub(super) struct KeyColumn {
    pub(super) data_type: DataType,
    pub(super) nullable: bool,
    pub(super) kind: ColumnKind,
}

/// The columns of a key, in order.
#[derive(Debug)]
pub(super) struct KeyCodec {
    pub(super) columns: Vec<KeyColumn>,
}

impl KeyCodec {
    pub(super) fn new(key_types: &[(DataType, bool)]) -> Result<Self> {
        let mut columns = Vec::with_capacity(key_types.len());
        for (data_type, nullable) in key_types {
            columns.push(KeyColumn { data_type: data_type.clone(), nullable: *nullable, kind: ColumnKind::of_key(data_type)? });
        }
        Ok(Self { columns })
    }

    /// Words of a key if all of it has a fixed width and is small: the values, then one of NULL bits if any column is nullable.
    pub(super) fn fixed_words(&self) -> Option<usize> {
        let mut words = usize::from(self.columns.iter().any(|column| column.nullable));
        for column in &self.columns {
            match &column.kind {
                ColumnKind::Fixed(kind) => words += kind.words(),
                ColumnKind::Bytes | ColumnKind::Encoded(_) => return None,
            }
        }
        (words <= KEY_WORDS_MAX).then_some(words)
    }

    /// Opens the key columns of a batch.
    pub(super) fn open(&self, columns: &[ArrayRef]) -> Result<Vec<ColumnInput>> {
        if columns.len() != self.columns.len() {
            return Err(Error::internal(format!("a key of {} columns, not {}", columns.len(), self.columns.len())));
        }
        columns.iter().zip(&self.columns).map(|(array, column)| column.kind.open(array)).collect()
    }

    /// Whether a row can't be in the index: it has a NULL where keys have none.
    pub(super) fn refuses(&self, inputs: &[ColumnInput], row: usize) -> bool {
        self.columns.iter().zip(inputs).any(|(column, input)| !column.nullable && input.is_null(row))
    }

    /// Whether any row of the batch may be refused.
    pub(super) fn refuses_some(&self, inputs: &[ColumnInput]) -> bool {
        self.columns.iter().zip(inputs).any(|(column, input)| !column.nullable && input.nulls().is_some())
    }
}
