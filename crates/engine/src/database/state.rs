//! What a program or a shell can ask of an open database without SQL.

use levada_base::{Epoch, Watermark};

use super::Database;
use crate::Settings;

impl Database {
    /// Whether some source that is read has no end.
    #[must_use]
    pub fn has_unbounded_readers(&self) -> bool {
        self.0.core.lock().has_unbounded_readers()
    }

    /// The newest epoch.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        *self.0.progress.borrow()
    }

    /// The names of all objects that queries can read, for completion.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0.core.lock().catalog.iter().map(|object| object.name.clone()).collect()
    }

    /// The settings it runs with.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.0.core.lock().settings.clone()
    }

    /// What each running source and job did so far.
    #[must_use]
    pub fn progress(&self) -> Vec<Progress> {
        self.0.core.lock().progress()
    }
}

/// How far a source or job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    pub name: String,
    /// Rows a source gave, or a job took.
    pub rows: u64,
    pub watermark: Watermark,
    pub is_source: bool,
}
