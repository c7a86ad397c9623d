//! Which rows of a batch are meant.

/// All rows of a batch, or some of them in this order.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RowPick<'a> {
    All(usize),
    Some(&'a [u32]),
}

impl<'a> RowPick<'a> {
    pub(crate) fn new(rows: Option<&'a [u32]>, all: usize) -> Self {
        rows.map_or(Self::All(all), Self::Some)
    }

    pub(crate) fn len(self) -> usize {
        match self {
            Self::All(rows) => rows,
            Self::Some(rows) => rows.len(),
        }
    }

    /// The row of the batch that is picked at `index`.
    #[inline]
    pub(crate) fn row(self, index: usize) -> usize {
        match self {
            Self::All(_) => index,
            Self::Some(rows) => rows[index] as usize,
        }
    }
}
