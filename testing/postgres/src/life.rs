//! Ties a server's life to the processes that use it, through file locks: they end with a process, also with one that is
//! killed. A small shell script (`watch.sh`, in a process group of its own) waits for the lock and then removes the server.
//!
//! A [`Lease`] says "I use it". An [`OwnLife`] is the lease of the only user: dropping it removes the server at once.

use std::fs::{File, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::program;

const WATCH: &str = include_str!("watch.sh");

/// Longer than a watcher needs to stop a server, or another process to start one.
const LOCK_LIMIT: Duration = Duration::from_secs(180);

/// The right to use a server, until it is dropped or the process ends.
#[derive(Debug)]
pub struct Lease {
    _lock: File,
}

impl Lease {
    /// Waits for others as long as they may take.
    pub fn shared(path: &Path) -> Result<Self> {
        Self::locked(path, File::lock_shared)
    }

    pub fn exclusive(path: &Path) -> Result<Self> {
        Self::locked(path, File::lock)
    }

    fn locked(path: &Path, lock: fn(&File) -> std::io::Result<()>) -> Result<Self> {
        let file = lock_file(path)?;
        let (sender, receiver) = mpsc::channel();
        #[expect(clippy::disallowed_methods, reason = "a lock is awaited on a thread, so that it can be given up")]
        std::thread::spawn(move || sender.send(lock(&file).map(|()| file)));
        match receiver.recv_timeout(LOCK_LIMIT) {
            Ok(locked) => Ok(Self { _lock: locked.with_context(|| format!("\"{}\" cannot be locked", path.display()))? }),
            Err(_) => bail!("\"{}\" is locked by another process since {LOCK_LIMIT:?}", path.display()),
        }
    }
}

/// Starts a watcher of the server in this directory, unless there is one.
pub fn watch(users: &Path, watcher: &Path, directory: &Path, linger: Duration) -> Result<Option<Child>> {
    let watched = lock_file(watcher)?.try_lock().is_err();
    if watched {
        return Ok(None);
    }
    let mut flock = Command::new("flock");
    flock.arg("--version");
    program::run(flock, program::CLIENT_LIMIT)
        .context("servers are watched through \"flock\"; on Debian: apt-get install util-linux")?;

    let mut command = Command::new("sh");
    command.args(["-c", WATCH, "levada-postgres-watch"]).args([users, watcher, directory]);
    command.arg(linger.as_secs().to_string()).current_dir("/").process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(Some(command.spawn().context("\"sh\" cannot be started")?))
}

fn lock_file(path: &Path) -> Result<File> {
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.with_context(|| format!("the lock \"{}\" cannot be opened", path.display()))
}

/// The life of a server with one user.
#[derive(Debug)]
pub struct OwnLife {
    lease: Option<Lease>,
    watcher: Option<Child>,
    directory: PathBuf,
}

impl OwnLife {
    /// Whatever is put into the directory from now on goes away with this value or with this process.
    pub fn begin(directory: &Path) -> Result<Self> {
        let users = directory.join("users.lock");
        let lease = Some(Lease::shared(&users)?);
        let watcher = watch(&users, &directory.join("watch.lock"), directory, Duration::ZERO)?;
        Ok(Self { lease, watcher, directory: directory.to_path_buf() })
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Drop for OwnLife {
    fn drop(&mut self) {
        drop(self.lease.take());
        // The watcher's waits are bounded. If it is gone, the directory is left behind in the temporary directory.
        if let Some(mut watcher) = self.watcher.take() {
            watcher.wait().ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};

    use super::*;

    #[test]
    fn the_end_of_the_only_user_removes_everything() {
        let directory = tempfile::tempdir().unwrap().keep();
        let life = OwnLife::begin(&directory).unwrap();
        File::create_new(directory.join("something")).unwrap();
        drop(life);
        assert!(!directory.exists());
    }

    #[test]
    fn a_user_that_is_killed_has_ended_too() {
        let place = tempfile::tempdir().unwrap();
        let [users, watcher, directory] = ["users", "watch", "server"].map(|name| place.path().join(name));
        std::fs::create_dir(&directory).unwrap();

        let mut user = Command::new("flock");
        user.args(["--shared", "--no-fork"]).arg(&users).args(["sh", "-c", "echo has it; exec cat"]);
        let mut user = user.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(user.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "has it\n");

        let mut watching = watch(&users, &watcher, &directory, Duration::ZERO).unwrap().expect("there is no other watcher");
        assert!(directory.exists());
        user.kill().unwrap();
        user.wait().unwrap();
        assert!(watching.wait().unwrap().success());
        assert!(!directory.exists());
    }
}
