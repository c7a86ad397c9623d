//! What can be chosen when a store is opened.

use std::path::PathBuf;

use levada_store::limits::INLINE_RUN_MAX;

/// When a commit is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// When it would survive a loss of power.
    #[default]
    Full,
    /// When it would survive the end of the process. The last commits may be lost when power fails; the file stays whole.
    Normal,
}

/// Where the store is and how it behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The database file. Its directory is made if it is not there; beside it lie `-wal`, `-shm` and `.lock`.
    pub path: PathBuf,
    pub durability: Durability,
    /// Read-only connections that are kept open; more are opened while more reads run at once.
    pub readers_kept: usize,
    /// The most bytes the database may have, rounded up to a page; none: what the disk has.
    pub database_bytes_max: Option<u64>,
    /// Runs with at most so many members are settled where they end.
    pub inline_run_max: i32,
}

impl Settings {
    /// The defaults, for a file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            durability: Durability::Full,
            readers_kept: 4,
            database_bytes_max: None,
            inline_run_max: INLINE_RUN_MAX,
        }
    }

    /// What whoever opens the store should be told, if anything.
    #[must_use]
    pub fn notice(&self) -> Option<&'static str> {
        (self.durability == Durability::Normal)
            .then_some("durability is \"normal\": the last commits may be lost when power fails")
    }
}
