//! Every script and every page as a test of its own name, for `cargo test` and `cargo nextest` alike.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use levada_suites::{Page, run_page, run_script};
use libtest_mimic::{Arguments, Trial};

const SHARDS: [usize; 2] = [1, 3];

fn main() -> Result<()> {
    // Test runners start here. What the compiler knew may be another checkout: cargo takes its programs over.
    let suite = std::env::current_dir()?;
    let root = suite.ancestors().nth(2).context("the suites stand two levels below the root")?;
    // Pages name files from the root of the repository.
    std::env::set_current_dir(root)?;
    let mut trials = scripts(&suite.join("slt"))?;
    trials.extend(pages("docs/sql", &root.join("docs/sql"), Empty::IsAFault)?);
    trials.extend(pages("docs/errors", &root.join("docs/errors"), Empty::IsFine)?);
    libtest_mimic::run(&Arguments::from_args(), trials).exit()
}

fn scripts(directory: &Path) -> Result<Vec<Trial>> {
    let mut trials = Vec::new();
    for path in files(directory, "slt")? {
        let name = name("slt", directory, &path)?;
        for shards in SHARDS {
            let path = path.clone();
            let run = move || Ok(run_script(&path, shards).map_err(|error| format!("{error:#}"))?);
            trials.push(Trial::test(format!("{name}::shards_{shards}"), run));
        }
    }
    ensure!(!trials.is_empty(), "no scripts below {}", directory.display());
    Ok(trials)
}

/// Whether a page may have nothing to run.
#[derive(Clone, Copy, PartialEq)]
enum Empty {
    IsAFault,
    IsFine,
}

fn pages(prefix: &str, directory: &Path, empty: Empty) -> Result<Vec<Trial>> {
    let mut trials = Vec::new();
    for path in files(directory, "md")? {
        let name = name(prefix, directory, &path)?;
        let text = read(&path)?;
        if empty == Empty::IsFine && !text.contains("```sql") {
            continue;
        }
        let run = move || Ok(check_page(&text).map_err(|error| format!("{error:#}"))?);
        trials.push(Trial::test(name, run));
    }
    ensure!(!trials.is_empty(), "no pages in {}", directory.display());
    Ok(trials)
}

fn check_page(text: &str) -> Result<()> {
    let page = Page::read(text)?;
    ensure!(page.has_statements(), "the page has no statement");
    run_page(&page)
}

#[expect(clippy::disallowed_methods, reason = "a test reads the repository, not the engine's files")]
fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// All files with this ending below `directory`, sorted.
fn files(directory: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(directory).with_context(|| directory.display().to_string())?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, ending)?);
        } else if path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// `slt::operators::s_030_distinct`, from the place of the file.
fn name(prefix: &str, directory: &Path, path: &Path) -> Result<String> {
    let inner = path.strip_prefix(directory)?.with_extension("");
    let parts = inner.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
    Ok(prefix.split('/').map(str::to_owned).chain(parts).collect::<Vec<_>>().join("::"))
}
