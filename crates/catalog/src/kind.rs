//! The kinds of objects that have names.

use std::fmt;

/// What an object is, in the words of `CREATE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Source,
    Table,
    Stream,
    MaterializedView,
    View,
    Sink,
}

impl Kind {
    /// With its article, for messages.
    #[must_use]
    pub fn with_article(self) -> String {
        format!("a {self}")
    }

    /// As in `CREATE …`.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Source => "SOURCE",
            Self::Table => "TABLE",
            Self::Stream => "STREAM",
            Self::MaterializedView => "MATERIALIZED VIEW",
            Self::View => "VIEW",
            Self::Sink => "SINK",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.keyword().to_lowercase())
    }
}
