//! The outside ledger: a file to which every process appends what it did and what it was told, one line each. What was written survives the end
//! of the process, so the verdict needs nothing of ours. Whoever disturbs a load waits for lines, not for time.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use levada_store::{ExecutionId, RunId};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

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

/// What this process has written.
#[derive(Debug, Clone, Default)]
struct Told {
    lines: u64,
    refused: BTreeMap<String, u64>,
    is_over: bool,
}

/// The file. Clones append to the same one.
#[derive(Debug, Clone)]
pub struct Ledger {
    path: PathBuf,
    file: Arc<Mutex<std::fs::File>>,
    told: Arc<watch::Sender<Told>>,
    /// What is written is printed, too: for whoever started this process.
    is_printed: bool,
}

impl Ledger {
    /// Opens the file to append to it.
    ///
    /// # Errors
    /// What the file system says.
    pub fn append_to(path: &Path) -> Result<Self> {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path).context("the ledger cannot be opened")?;
        Ok(Self { path: path.to_owned(), file: Arc::new(Mutex::new(file)), told: Arc::default(), is_printed: false })
    }

    /// The same, printing each line.
    #[must_use]
    pub fn printed(self) -> Self {
        Self { is_printed: true, ..self }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a line at once.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, entry: &Entry) -> Result<()> {
        // One write: the end of a process leaves no half of a line but at the end of the file.
        let line = format!("{}\n", serde_json::to_string(entry)?);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes()).context("the ledger cannot be written")?;
        drop(file);
        if self.is_printed {
            // Whoever listened may have left.
            let mut out = std::io::stdout().lock();
            out.write_all(line.as_bytes()).and_then(|()| out.flush()).ok();
        }
        self.told.send_modify(|told| {
            told.lines += 1;
            if let Entry::Refused(code) = entry {
                *told.refused.entry(code.clone()).or_default() += 1;
            }
        });
        Ok(())
    }

    /// Nothing more will be written.
    pub fn end(&self) {
        self.told.send_modify(|told| told.is_over = true);
    }

    /// Waits until so many lines more are written; false if it is over before.
    pub async fn more(&self, lines: u64) -> bool {
        let wanted = self.told.borrow().lines + lines;
        self.wait(move |told| told.lines >= wanted).await
    }

    /// Waits for another refusal with this code; false if it is over before.
    pub async fn refusal(&self, code: &str) -> bool {
        let count = |told: &Told| told.refused.get(code).copied().unwrap_or(0);
        let before = count(&self.told.borrow());
        self.wait(|told| count(told) > before).await
    }

    async fn wait(&self, until: impl Fn(&Told) -> bool) -> bool {
        let mut told = self.told.subscribe();
        let reached = told.wait_for(|told| told.is_over || until(told)).await;
        reached.is_ok_and(|told| until(&told))
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
