//! The user under which the server's programs run. PostgreSQL refuses to run as root, so root lends them another user;
//! everybody else runs them as they are.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::program;

/// Who may own a server when we are root, best first.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Account {
    /// The user of this process.
    Own,
    Other {
        user: u32,
        group: u32,
    },
}

impl Account {
    pub fn find() -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Own);
        }
        match CANDIDATES.iter().find_map(|name| Self::named(name).ok()) {
            Some(account) => Ok(account),
            None => bail!("PostgreSQL does not run as root, and neither of the users {CANDIDATES:?} exists"),
        }
    }

    fn named(name: &str) -> Result<Self> {
        let number = |flag: &str| -> Result<u32> {
            let mut command = Command::new("id");
            command.args([flag, name]);
            let printed = program::run(command, program::CLIENT_LIMIT)?;
            printed.trim().parse().with_context(|| format!("id {flag} {name} printed \"{}\"", printed.trim()))
        };
        Ok(Self::Other { user: number("-u")?, group: number("-g")? })
    }

    /// Lets the command run as this account.
    pub fn apply(self, command: &mut Command) {
        if let Self::Other { user, group } = self {
            command.uid(user).gid(group);
        }
    }

    /// Gives a file or directory to this account.
    pub fn own(self, path: &Path) -> Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Other { user, group } => {
                chown(path, Some(user), Some(group)).with_context(|| format!("\"{}\" has no new owner", path.display()))
            }
        }
    }
}
