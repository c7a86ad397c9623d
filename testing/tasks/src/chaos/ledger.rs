//! The outside ledger: a file to which every process appends what it did and what it was told, one line each. What was written survives the end
//! of the process, so the verdict needs nothing of ours.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use levada_store::{ExecutionId, RunId};
use serde::{Deserialize, Serialize};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry {
    /// The engine said that the run exists.
    Submitted(RunId),
    /// A handler did its work: the outside effect.
    Worked { execution: ExecutionId, generation: i32, attempt: i32 },
    /// The engine said that this attempt's result is recorded.
    Recorded { execution: ExecutionId, generation: i32, attempt: i32 },
    /// The engine refused a call with a code that the caller may have to expect.
    Refused(String),
}

/// The file. Clones append to the same one.
#[derive(Debug, Clone)]
pub struct Ledger {
    file: Arc<Mutex<std::fs::File>>,
}

impl Ledger {
    /// Opens the file to append to it.
    ///
    /// # Errors
    /// What the file system says.
    pub fn append_to(path: &Path) -> Result<Self> {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path).context("the ledger cannot be opened")?;
        Ok(Self { file: Arc::new(Mutex::new(file)) })
    }

    /// Appends a line at once.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, entry: &Entry) -> Result<()> {
        // One write: the end of a process leaves no half of a line but at the end of the file.
        let line = format!("{}\n", serde_json::to_string(entry)?);
        self.file
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write_all(line.as_bytes())
            .context("the ledger cannot be written")
    }
}

/// Everything that a ledger says.
#[derive(Debug, Clone, Default)]
pub struct Book {
    pub submitted: Vec<RunId>,
    /// Attempts by execution and generation.
    pub worked: BTreeMap<(ExecutionId, i32), Vec<i32>>,
    pub recorded: BTreeMap<(ExecutionId, i32), Vec<i32>>,
    /// Refusals by code.
    pub refused: BTreeMap<String, u64>,
}

impl Book {
    /// Reads a ledger.
    ///
    /// # Errors
    /// What the file system says, or a line that is none.
    #[expect(clippy::disallowed_methods, reason = "a real file, which outlives processes")]
    pub fn read(path: &Path) -> Result<Self> {
        let mut book = Self::default();
        let file = std::fs::read(path).context("the ledger cannot be read")?;
        for line in file.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line).context("a line of the ledger")? {
                Entry::Submitted(run) => book.submitted.push(run),
                Entry::Worked { execution, generation, attempt } => {
                    book.worked.entry((execution, generation)).or_default().push(attempt);
                }
                Entry::Recorded { execution, generation, attempt } => {
                    book.recorded.entry((execution, generation)).or_default().push(attempt);
                }
                Entry::Refused(code) => *book.refused.entry(code).or_default() += 1,
            }
        }
        Ok(book)
    }
}
