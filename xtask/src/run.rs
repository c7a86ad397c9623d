//! The commands that call cargo. Each prints the line it runs, so that any step can be repeated by hand.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{needs, tidy};

/// What a change must pass; reads only.
pub fn verify(without_tests: bool) -> Result<()> {
    cargo(&["fmt", "--all", "--check"]).context("run `cargo xtask fix`, then try again")?;
    tidy::run()?;
    cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    if without_tests { Ok(()) } else { test() }
}

/// What a program can repair; writes only.
pub fn fix() -> Result<()> {
    cargo(&["clippy", "--workspace", "--all-targets", "--fix", "--allow-dirty", "--allow-staged"])?;
    cargo(&["fmt", "--all"])
}

/// Every test. The documentation's examples go first, so that the last lines are the runner's own summary.
pub fn test() -> Result<()> {
    needs::linker()?;
    needs::postgres()?;
    cargo(&["test", "--quiet", "--doc", "--workspace"])?;
    if needs::answers("cargo", &["nextest", "--version"]) {
        return cargo(&["nextest", "run", "--workspace"]);
    }
    eprintln!("cargo-nextest is not installed: falling back to `cargo test`, which is slower and has a summary per binary");
    eprintln!("to have it: cargo install --locked cargo-nextest");
    cargo(&["test", "--workspace", "--lib", "--bins", "--tests", "--examples", "--no-fail-fast"])
}

/// Benchmarks are only meaningful in release.
pub fn bench(arguments: &[String]) -> Result<()> {
    forward(&["run", "--release", "--package", "levada-bench", "--"], arguments)
}

/// The oracle over a range of seeds: in release, because a sweep is long.
pub fn sim(arguments: &[String]) -> Result<()> {
    forward(&["run", "--release", "--package", "levada-sim", "--bin", "sim", "--"], arguments)
}

/// The root of the repository: the directory above this crate, as cargo runs it now. Two clones may share one build.
pub fn root() -> PathBuf {
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask.parent().map(Path::to_path_buf).unwrap_or(xtask)
}

/// What `git` prints for these arguments, run at the root.
pub fn git(arguments: &[&str]) -> Result<String> {
    let output = Command::new("git").args(arguments).current_dir(root()).output().context("git is needed to list files")?;
    if !output.status.success() {
        bail!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn forward(head: &[&str], rest: &[String]) -> Result<()> {
    let arguments: Vec<&str> = head.iter().copied().chain(rest.iter().map(String::as_str)).collect();
    cargo(&arguments)
}

fn cargo(arguments: &[&str]) -> Result<()> {
    eprintln!("$ cargo {}", arguments.join(" "));
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(program).args(arguments).current_dir(root()).status().context("cargo can't be started")?;
    if !status.success() {
        bail!("cargo {} failed", arguments.first().unwrap_or(&""));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_git_command_is_an_error() {
        assert!(git(&["rev-parse", "--show-toplevel"]).is_ok());
        assert!(git(&["no-such-subcommand"]).is_err());
    }

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(root().join("Cargo.lock").is_file());
    }
}
