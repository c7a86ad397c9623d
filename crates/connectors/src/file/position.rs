//! Where a file source stands: a file, rows read of it, and the length it had.

use std::path::{Path, PathBuf};

use levada_base::{Error, Result, codes};
use levada_connect::SourcePosition;

/// A place among the files. Encoded as `path 0 rows length`, numbers big-endian, so that positions are ordered as the rows are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FilePosition {
    pub(super) path: PathBuf,
    pub(super) rows: u64,
    /// Bytes of the file when it was opened.
    pub(super) length: u64,
}

const NUMBERS_BYTES: usize = 16;

impl FilePosition {
    pub(super) fn encode(&self) -> SourcePosition {
        let mut bytes = self.path.to_string_lossy().into_owned().into_bytes();
        bytes.push(0);
        bytes.extend_from_slice(&self.rows.to_be_bytes());
        bytes.extend_from_slice(&self.length.to_be_bytes());
        SourcePosition(bytes)
    }

    /// # Errors
    /// `LV-C023` if another kind of source wrote it.
    pub(super) fn decode(position: &SourcePosition) -> Result<Self> {
        let parts = || {
            let (path, numbers) = position.0.split_at_checked(position.0.len().checked_sub(NUMBERS_BYTES)?)?;
            let path = std::str::from_utf8(path.strip_suffix(&[0])?).ok()?;
            let (rows, length) = numbers.split_at(NUMBERS_BYTES / 2);
            let number = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_be_bytes);
            Some(Self { path: Path::new(path).to_owned(), rows: number(rows)?, length: number(length)? })
        };
        parts().ok_or_else(|| Error::new(codes::LV_C023, "the stored position is none of a file source"))
    }
}
