//! A process of a load, as the one that kills it sees it: what it writes into the ledger it prints, too.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use tokio::sync::mpsc;

use super::ledger::Entry;
use super::load::run_number;

/// The signal that no process survives.
const KILLED: i32 = 9;

/// Which runs of a load a process works on, and where.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    pub program: &'a Path,
    pub store: &'a str,
    pub ledger: &'a Path,
    /// The number of runs of the whole load.
    pub runs: u64,
}

/// A process that works.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// One for each line that it has printed; closed when it has ended.
    lines: mpsc::UnboundedReceiver<()>,
}

impl Process {
    /// Starts it on all runs from `first_run` on. `submitted` rises to the number of the first run that no process has submitted.
    ///
    /// # Errors
    /// What the machine says.
    pub fn start(job: Job<'_>, number: u64, first_run: u64, submitted: &Arc<AtomicU64>) -> Result<Self> {
        let mut command = Command::new(job.program);
        command.args(["process", "--store", job.store, "--seed", &number.to_string()]);
        command.args(["--first-run", &first_run.to_string(), "--runs", &(job.runs - first_run).to_string(), "--ledger"]);
        let mut child = command.arg(job.ledger).stdout(Stdio::piped()).spawn().context("a process cannot be started")?;
        let out = child.stdout.take().context("a process without output")?;
        let (told, lines) = mpsc::unbounded_channel();
        let submitted = Arc::clone(submitted);
        // Ends with the process, which closes its output.
        drop(tokio::task::spawn_blocking(move || read(out, &told, &submitted)));
        Ok(Self { child, lines })
    }

    /// Waits for so many lines, or for the end of the process.
    pub async fn lines(&mut self, count: u64) {
        for _ in 0..count {
            if self.lines.recv().await.is_none() {
                return;
            }
        }
    }

    /// Kills it; whether it was alive until then.
    ///
    /// # Errors
    /// What the machine says.
    pub fn kill(mut self) -> Result<bool> {
        self.child.kill().context("a process cannot be killed")?;
        Ok(self.child.wait()?.signal() == Some(KILLED))
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// What the machine says.
    pub async fn end(mut self) -> Result<ExitStatus> {
        self.lines(u64::MAX).await;
        Ok(self.child.wait()?)
    }
}

fn read(out: ChildStdout, told: &mpsc::UnboundedSender<()>, submitted: &AtomicU64) {
    for line in BufReader::new(out).lines().map_while(Result::ok) {
        if let Ok(Entry::Submitted(run)) = serde_json::from_str(&line)
            && let Some(number) = run_number(run)
        {
            submitted.fetch_max(number + 1, Ordering::Relaxed);
        }
        // The reader goes on without a listener, or the process would wait for it.
        told.send(()).ok();
    }
}
