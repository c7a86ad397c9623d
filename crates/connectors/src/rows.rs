//! Positions of sources whose rows are numbered.

use levada_base::{Error, Result, codes};
use levada_connect::SourcePosition;

/// The position in front of row `row`; positions are ordered as the rows are.
pub(crate) fn row_position(row: u64) -> SourcePosition {
    SourcePosition(row.to_be_bytes().to_vec())
}

/// The row that comes next at a position; the default position is the start.
///
/// # Errors
/// `LV-C023` if another kind of source wrote the position.
pub(crate) fn row_of(position: &SourcePosition) -> Result<u64> {
    if position.0.is_empty() {
        return Ok(0);
    }
    let bytes = <[u8; 8]>::try_from(position.0.as_slice());
    bytes.map(u64::from_be_bytes).map_err(|_| Error::new(codes::LV_C023, "the stored position is none of a generating source"))
}
