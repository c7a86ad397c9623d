//! What a table or view holds: a Z-set that can be read as of the last epoch.

mod appended;
mod counted;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;
use levada_base::Result;
use levada_delta::DeltaBatch;

use appended::Appended;
use counted::Counted;

/// The rows of a stored relation.
pub(crate) enum Content {
    /// Rows only come: batches one after the other.
    Appended(Appended),
    /// Rows come and go: each distinct row with its weight.
    Counted(Box<Counted>),
}

impl Content {
    /// Nothing yet. `key` are columns that no two rows share, for [`Content::has_keys`].
    ///
    /// # Errors
    /// `LV-S405` where a type can't be compared.
    pub(crate) fn new(schema: SchemaRef, append_only: bool, key: Option<&[usize]>) -> Result<Self> {
        match key {
            None if append_only => Ok(Self::Appended(Appended::new(schema))),
            key => Counted::new(schema, key.unwrap_or_default()).map(|content| Self::Counted(Box::new(content))),
        }
    }

    /// Takes the changes of an epoch.
    ///
    /// # Errors
    /// `LV-S612` if a row is taken back from rows that only come; `LV-S999` if a row is taken back that is not there.
    pub(crate) fn apply(&mut self, changes: &[DeltaBatch]) -> Result<()> {
        match self {
            Self::Appended(content) => content.apply(changes),
            Self::Counted(content) => content.apply(changes),
        }
    }

    /// All rows, each as often as its weight says.
    ///
    /// # Errors
    /// `LV-S999` if Arrow refuses what it gave.
    pub(crate) fn rows(&mut self) -> Result<Vec<RecordBatch>> {
        match self {
            Self::Appended(content) => Ok(content.rows()),
            Self::Counted(content) => content.rows(),
        }
    }

    /// Whether each key is there; only for contents with a key.
    ///
    /// # Errors
    /// `LV-S999` if the columns are not the key's.
    pub(crate) fn has_keys(&self, keys: &[ArrayRef]) -> Result<Vec<bool>> {
        match self {
            Self::Appended(_) => Ok(vec![false; keys.first().map_or(0, |key| key.len())]),
            Self::Counted(content) => content.has_keys(keys),
        }
    }

    /// How many rows.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Appended(content) => content.len(),
            Self::Counted(content) => content.len(),
        }
    }
}
