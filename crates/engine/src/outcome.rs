//! What a statement did.

use levada_base::{Code, Epoch};

use crate::{Rows, Subscription};

/// The answer to a statement.
#[derive(Debug)]
pub enum Outcome {
    /// An object was created, changed or dropped; `message` says so in one line.
    Done { message: String, notices: Vec<Notice> },
    /// Rows were written, all in `epoch`.
    Written { rows: u64, epoch: Epoch, notices: Vec<Notice> },
    /// Rows were asked for.
    Rows(Rows),
    /// Changes will come until the subscription is dropped.
    Subscribed(Subscription),
}

impl Outcome {
    /// What the user should know although nothing is wrong.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        match self {
            Self::Done { notices, .. } | Self::Written { notices, .. } => notices,
            Self::Rows(_) | Self::Subscribed(_) => &[],
        }
    }
}

/// Something the user should know although nothing is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub code: Code,
    pub message: String,
}

impl From<levada_plan::Notice> for Notice {
    fn from(notice: levada_plan::Notice) -> Self {
        Self { code: notice.code, message: notice.message }
    }
}
