//! What a piece of work costs this process: time, CPU time, memory. Read from Linux's `/proc`.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use levada_base::World;

/// What a piece of work cost.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    pub wall: Duration,
    /// Of all threads that there are when it ends.
    pub cpu: Duration,
    /// The most resident memory while it ran, less what was resident before.
    pub memory_bytes: u64,
}

/// Work that is being measured.
pub struct Measuring {
    world: World,
    wall: Duration,
    cpu: BTreeMap<String, Duration>,
    resident: u64,
}

impl Measuring {
    /// Begins: the high-water mark of memory is set back to what is resident now.
    pub fn start() -> Result<Self> {
        let world = World::real();
        write(&world, "/proc/self/clear_refs", "5")?;
        let resident = memory(&world, "VmRSS:")?;
        let cpu = cpu(&world)?;
        let wall = world.clock().elapsed();
        Ok(Self { world, wall, cpu, resident })
    }

    pub fn stop(self) -> Result<Cost> {
        let Self { world, wall, cpu: before, resident } = self;
        let wall = world.clock().elapsed() - wall;
        let memory_bytes = memory(&world, "VmHWM:")?.saturating_sub(resident);
        // Thread by thread: one that ended meanwhile, such as those of an earlier database, takes nothing away from the others.
        let since =
            |(thread, after): (String, Duration)| after.saturating_sub(before.get(&thread).copied().unwrap_or_default());
        Ok(Cost { wall, cpu: cpu(&world)?.into_iter().map(since).sum(), memory_bytes })
    }
}

/// Resident memory of this process, in bytes.
pub fn resident() -> Result<u64> {
    memory(&World::real(), "VmRSS:")
}

/// What this process had written to disks so far, in bytes.
pub fn bytes_written() -> Result<u64> {
    let text = read(&World::real(), Path::new("/proc/self/io"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("write_bytes:")).context("write_bytes of the process")?;
    first_number(line).context("the number of write_bytes")
}

/// CPU time of every thread, which Linux counts in nanoseconds (`getrusage` would count in ticks).
fn cpu(world: &World) -> Result<BTreeMap<String, Duration>> {
    let mut threads = BTreeMap::new();
    for thread in std::fs::read_dir("/proc/self/task").context("the threads of this process")? {
        let thread = thread?;
        // A thread may end between the listing and the reading.
        if let Ok(text) = read(world, &thread.path().join("schedstat")) {
            let time = first_number(&text).map(Duration::from_nanos).context("CPU time of a thread")?;
            threads.insert(thread.file_name().to_string_lossy().into_owned(), time);
        }
    }
    Ok(threads)
}

/// A line of `/proc/self/status`, in bytes.
fn memory(world: &World, name: &str) -> Result<u64> {
    let status = read(world, Path::new("/proc/self/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("{name} in the status"))?;
    Ok(first_number(line).with_context(|| format!("the number of {name}"))? * 1024)
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

fn read(world: &World, path: &Path) -> Result<String> {
    let mut text = String::new();
    world.files().open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

fn write(world: &World, path: &str, text: &str) -> Result<()> {
    let mut file = world.files().create(Path::new(path)).with_context(|| path.to_owned())?;
    file.write_all(text.as_bytes()).with_context(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_and_memory_are_seen() {
        let measuring = Measuring::start().unwrap();
        let filled = vec![1_u8; 64 << 20];
        let sum: u64 = std::hint::black_box(&filled).iter().map(|&byte| u64::from(byte)).sum();
        let cost = measuring.stop().unwrap();
        assert_eq!(sum, 64 << 20);
        assert!(cost.cpu > Duration::ZERO && cost.wall > Duration::ZERO, "{cost:?}");
        assert!(cost.memory_bytes >= 60 << 20, "{cost:?}");
    }

    #[test]
    fn numbers_are_the_first_word() {
        assert_eq!(first_number("\t  1234 kB"), Some(1234));
        assert_eq!(first_number("no"), None);
        assert_eq!(first_number(""), None);
    }
}
