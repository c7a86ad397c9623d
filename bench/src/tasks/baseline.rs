//! P-13: another build of this program whose runs take turns with this one's. The speed of a machine changes within minutes, so that
//! figures from another day say nothing about a change of the engine.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::Arguments;
use super::raw::{Measured, read};

/// The program of the other build.
pub struct Baseline {
    program: PathBuf,
    arguments: Vec<String>,
}

impl Baseline {
    pub fn of(program: PathBuf, store: &str, asked: &Arguments) -> Self {
        let mut arguments: Vec<_> = ["tasks", "--store", store, "--runs", "1"].map(str::to_owned).into();
        arguments.extend(["--scale".to_owned(), asked.scale.to_string(), "--minutes".to_owned(), asked.minutes.to_string()]);
        if let Some(directory) = &asked.directory {
            arguments.extend(["--directory".to_owned(), directory.display().to_string()]);
        }
        Self { program, arguments }
    }

    /// One run of a scenario.
    pub fn once(&self, scenario: &str) -> Result<Measured> {
        let place = tempfile::Builder::new().prefix("levada-baseline-").tempdir()?;
        let raw = place.path().join("raw.jsonl");
        let run = Command::new(&self.program).args(&self.arguments).args(["--scenario", scenario, "--raw"]).arg(&raw).output();
        let run = run.with_context(|| format!("\"{}\" does not start", self.program.display()))?;
        let said = String::from_utf8_lossy(&run.stderr);
        ensure!(run.status.success(), "the baseline has no figures of {scenario}: {}", said.trim());
        read(&raw)
    }
}
