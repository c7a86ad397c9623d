//! Where servers keep their data: on the disk if commits must reach it, in memory if they need not. Creating a database is
//! the copying of hundreds of small files, which a disk makes ten times slower.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program;
use crate::settings::Settings;

/// A file system in memory on Linux. Containers often have a tiny one.
const MEMORY: &str = "/dev/shm";

/// Room for the server's log of changes and some dozens of databases.
const MEMORY_FREE_KIB_MIN: u64 = 2 * 1024 * 1024;

/// The directory in which a server with these settings gets its own.
pub fn of(settings: &Settings) -> PathBuf {
    let memory = Path::new(MEMORY);
    let spacious = !settings.is_durable() && free_kib(memory).is_some_and(|free| free >= MEMORY_FREE_KIB_MIN);
    if spacious { memory.to_path_buf() } else { std::env::temp_dir() }
}

fn free_kib(directory: &Path) -> Option<u64> {
    let mut command = Command::new("df");
    command.args(["--output=avail", "--block-size=1K"]).arg(directory);
    program::run(command, program::CLIENT_LIMIT).ok()?.lines().nth(1)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durable_servers_are_not_in_memory() {
        assert_eq!(of(&Settings::durable()), std::env::temp_dir());
        assert_eq!(of(&Settings::bench()), std::env::temp_dir());
        assert!([Path::new(MEMORY), &std::env::temp_dir()].contains(&of(&Settings::fast()).as_path()));
    }

    #[test]
    fn a_place_that_is_not_there_has_no_room() {
        assert_eq!(free_kib(Path::new("/levada/no/such/place")), None);
    }
}
