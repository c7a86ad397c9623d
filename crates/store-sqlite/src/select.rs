//! A statement that reads rows of one table, its text made once from the table's columns.

use std::marker::PhantomData;
use std::sync::OnceLock;

use levada_store::SLICE_BYTES_MAX;
use levada_store::rows::Row;
use levada_store::value::Kind;

/// `SELECT … FROM table` and how it goes on. Always a `static`: its text lives as long as the program.
pub(crate) struct Select<R> {
    tail: &'static str,
    bytes: Bytes,
    text: OnceLock<String>,
    row: PhantomData<fn() -> R>,
}

/// Which columns of bytes are read.
#[derive(Clone, Copy)]
enum Bytes {
    All,
    /// None: they are empty in the row.
    None,
    /// Only of rows that are short enough to travel with a slice.
    Short,
}

impl<R: Row> Select<R> {
    /// Whole rows.
    pub(crate) const fn new(tail: &'static str) -> Self {
        Self { tail, bytes: Bytes::All, text: OnceLock::new(), row: PhantomData }
    }

    /// Rows without their bytes.
    pub(crate) const fn without_bytes(tail: &'static str) -> Self {
        Self { tail, bytes: Bytes::None, text: OnceLock::new(), row: PhantomData }
    }

    /// Rows with their bytes if they are at most [`SLICE_BYTES_MAX`].
    pub(crate) const fn with_short_bytes(tail: &'static str) -> Self {
        Self { tail, bytes: Bytes::Short, text: OnceLock::new(), row: PhantomData }
    }

    /// The statement.
    pub(crate) fn text(&'static self) -> &'static str {
        self.text.get_or_init(|| {
            let columns: Vec<_> = R::TABLE.columns.iter().map(|column| self.column(column.name, column.kind)).collect();
            format!("SELECT {} FROM \"{}\" {}", columns.join(", "), R::TABLE.name, self.tail)
        })
    }

    fn column(&self, name: &str, kind: Kind) -> String {
        match self.bytes {
            Bytes::None if kind == Kind::Bytes => "x''".to_owned(),
            Bytes::Short if kind == Kind::Bytes => {
                format!("CASE WHEN length <= {SLICE_BYTES_MAX} THEN \"{name}\" ELSE x'' END")
            }
            _ => format!("\"{name}\""),
        }
    }
}
