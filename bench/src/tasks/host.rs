//! What the figures depend on besides the engine: the machine, the disk, the versions.

use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use levada_base::World;

use super::report::number;
use super::work::Watch;

/// Syncs that are timed.
const SYNCS: u32 = 300;

/// A paragraph about where the benchmark runs. `directory` is on the disk of the store.
pub fn describe(version: &str, directory: &Path) -> Result<String> {
    let cores = std::thread::available_parallelism().context("the number of cores")?;
    let sync = sync_millis(directory)?;
    let mut text = format!("{cores} cores ({}), ", processor().unwrap_or_default());
    write!(text, "{} fdatasync/s ({} ms each) on {}; ", number(1e3 / sync), number(sync), file_system(directory))?;
    write!(text, "{version}; levada-bench {}, commit {}", env!("CARGO_PKG_VERSION"), commit())?;
    let load = read("/proc/loadavg").unwrap_or_default();
    write!(text, "; load of the machine at the start {}", load.split(' ').next().unwrap_or_default())?;
    Ok(text)
}

/// The mean time of making 4 KiB durable.
fn sync_millis(directory: &Path) -> Result<f64> {
    let (world, watch) = (World::real(), Watch::new());
    let file = tempfile::Builder::new().prefix("levada-sync-").tempdir_in(directory).context("a place for a file")?;
    let mut file = world.files().create(&file.path().join("sync")).context("a file to sync")?;
    file.write_all(&[1; 4096])?;
    file.sync()?;
    let began = watch.now();
    for _ in 0..SYNCS {
        file.write_all(&[2; 4096])?;
        file.sync()?;
    }
    Ok((watch.now() - began).as_secs_f64() * 1e3 / f64::from(SYNCS))
}

fn processor() -> Option<String> {
    let text = read("/proc/cpuinfo")?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The kind of the file system of a directory: of the longest mount point that it lies under.
fn file_system(directory: &Path) -> String {
    let mounts = read("/proc/self/mounts").unwrap_or_default();
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let over = fields.filter(|fields| fields.len() > 2 && directory.starts_with(fields[1]));
    over.max_by_key(|fields| fields[1].len()).map_or("an unknown file system".to_owned(), |fields| fields[2].to_owned())
}

/// The commit of the sources, if they are a checkout.
fn commit() -> String {
    let asked = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    let text = asked.ok().filter(|output| output.status.success()).map(|output| output.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&text).trim().to_owned();
    if text.is_empty() { "unknown".to_owned() } else { text }
}

fn read(path: &str) -> Option<String> {
    let mut text = String::new();
    World::real().files().open(Path::new(path)).ok()?.read_to_string(&mut text).ok()?;
    Some(text)
}
