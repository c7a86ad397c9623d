//! Where PostgreSQL's programs are. Debian keeps the server's programs off the PATH, a directory per version.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::account::Account;
use crate::program;
use crate::required::SKIP_VARIABLE;

/// What a directory must hold to be taken.
const NEEDED: [&str; 4] = ["initdb", "pg_ctl", "postgres", "psql"];

const DEBIAN: &str = "/usr/lib/postgresql";

#[derive(Debug, Clone)]
pub struct Programs {
    directory: PathBuf,
    account: Account,
}

impl Programs {
    pub fn find() -> Result<Self> {
        let candidates = on_path().into_iter().chain(versions(Path::new(DEBIAN))).chain(configured());
        Ok(Self { directory: first_complete(candidates)?, account: Account::find()? })
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn account(&self) -> Account {
        self.account
    }

    /// A program of the server, run as the server's user.
    pub fn server_command(&self, name: &str) -> Command {
        let mut command = self.client_command(name);
        self.account.apply(&mut command);
        command
    }

    /// A client, run as we are. No variable of the environment directs it elsewhere.
    pub fn client_command(&self, name: &str) -> Command {
        let mut command = Command::new(self.directory.join(name));
        for (variable, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(variable);
        }
        // The directory of the test may be closed to the server's user.
        command.current_dir("/").env("LC_ALL", "C").env("PGCONNECT_TIMEOUT", "10");
        command
    }
}

/// The directory behind an `initdb` on the PATH: a link there leads to the other programs.
fn on_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let found = env::split_paths(&path).map(|directory| directory.join("initdb")).find(|program| program.is_file())?;
    Some(found.canonicalize().ok()?.parent()?.to_path_buf())
}

/// `<root>/<version>/bin`, the newest version first.
fn versions(root: &Path) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = root
        .read_dir()
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    found.sort_by(|left, right| right.cmp(left));
    found.into_iter().map(|(_, directory)| directory).collect()
}

fn configured() -> Option<PathBuf> {
    let mut command = Command::new("pg_config");
    command.arg("--bindir");
    program::run(command, program::CLIENT_LIMIT).ok().map(|printed| PathBuf::from(printed.trim()))
}

fn first_complete(mut candidates: impl Iterator<Item = PathBuf>) -> Result<PathBuf> {
    match candidates.find(|directory| NEEDED.iter().all(|name| directory.join(name).is_file())) {
        Some(directory) => Ok(directory),
        None => bail!(
            "PostgreSQL's server is not installed: no directory with {} (looked on the PATH, in {DEBIAN}/*/bin and where \
             pg_config points)\n  on Debian: apt-get install postgresql\n  to go without its tests: {SKIP_VARIABLE}=postgres",
            NEEDED.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn missing_programs_name_the_package_and_the_way_to_skip() {
        let incomplete = tempfile::tempdir().unwrap();
        fs::File::create_new(incomplete.path().join("psql")).unwrap();
        let message = first_complete([incomplete.path().to_path_buf()].into_iter()).unwrap_err().to_string();
        for part in ["PostgreSQL's server is not installed", "apt-get install postgresql", "LEVADA_TEST_SKIP=postgres"] {
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn the_newest_version_comes_first_by_number() {
        let root = tempfile::tempdir().unwrap();
        for name in ["9", "15", "13", "not-a-version"] {
            fs::create_dir_all(root.path().join(name).join("bin")).unwrap();
        }
        let expected: Vec<PathBuf> = ["15", "13", "9"].iter().map(|name| root.path().join(name).join("bin")).collect();
        assert_eq!(versions(root.path()), expected);
        assert!(versions(&root.path().join("absent")).is_empty());
    }

    #[test]
    fn the_first_complete_directory_is_taken() {
        let [partial, complete] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        fs::File::create_new(partial.path().join("initdb")).unwrap();
        for name in NEEDED {
            fs::File::create_new(complete.path().join(name)).unwrap();
        }
        let candidates = [partial.path().to_path_buf(), complete.path().to_path_buf()];
        assert_eq!(first_complete(candidates.into_iter()).unwrap(), complete.path());
    }
}
