//! One server for all test processes. A runner that gives each test a process would otherwise pay a second per test.
//!
//! Its directory is named after the user, the programs and the settings. Three lock files stand there: `users.lock` is held,
//! shared, by every process that uses the server; `start.lock`, alone, by the one that starts it; `watch.lock` by the watcher,
//! which removes the server [`LINGER`] after the last user has ended.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use crate::cluster::Cluster;
use crate::life::{self, Lease};
use crate::place;
use crate::programs::Programs;
use crate::server::{Life, Server};
use crate::settings::Settings;

/// How long a server without users waits for the next one: tests of other kinds may run in between.
const LINGER: Duration = Duration::from_secs(15);

/// Raised when processes of an older build must not use a server of this one.
const LAYOUT: u32 = 1;

/// Written when the server is ready; holds its port.
const READY: &str = "ready";

/// The one server of this process; a failure is not tried again.
pub fn server() -> Result<&'static Server> {
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    let server = SERVER.get_or_init(|| attach_default().map_err(|error| format!("{error:#}")));
    server.as_ref().map_err(|message| anyhow!("{message}"))
}

fn attach_default() -> Result<Server> {
    let programs = Programs::find()?;
    let settings = Settings::fast();
    let mut hasher = DefaultHasher::new();
    (LAYOUT, rustix::process::geteuid().as_raw(), programs.directory(), &settings).hash(&mut hasher);
    let place = place::of(&settings).join(format!("levada-postgres-{:016x}", hasher.finish()));
    attach(&place, programs, &settings, LINGER)
}

/// Uses the server at this place, which is started unless it runs.
fn attach(place: &Path, programs: Programs, settings: &Settings, linger: Duration) -> Result<Server> {
    fs::create_dir_all(place).with_context(|| format!("\"{}\" cannot be created", place.display()))?;
    let directory = place.join("server");
    let users = place.join("users.lock");
    let lease = Lease::shared(&users)?;
    let starting = Lease::exclusive(&place.join("start.lock"))?;
    life::watch(&users, &place.join("watch.lock"), &directory, linger)?;
    let cluster = match running(&programs, &directory) {
        Some(cluster) => cluster,
        None => create(programs, &directory, settings)?,
    };
    drop(starting);
    Ok(Server::new(cluster, Life::Shared(lease)))
}

fn running(programs: &Programs, directory: &Path) -> Option<Cluster> {
    #[expect(clippy::disallowed_methods, reason = "a file that test processes leave for each other")]
    let port = fs::read_to_string(ready(directory)).ok()?.trim().parse().ok()?;
    let cluster = Cluster::running(programs.clone(), directory, port);
    cluster.answers().then_some(cluster)
}

/// Nobody else starts one now. What is left of a server that died is removed.
fn create(programs: Programs, directory: &Path, settings: &Settings) -> Result<Cluster> {
    if directory.exists() {
        fs::remove_dir_all(directory).with_context(|| format!("\"{}\" cannot be removed", directory.display()))?;
    }
    fs::create_dir(directory).with_context(|| format!("\"{}\" cannot be created", directory.display()))?;
    let cluster = Cluster::create(programs, directory, settings)?;
    #[expect(clippy::disallowed_methods, reason = "a file that test processes leave for each other")]
    fs::write(ready(directory), cluster.port().to_string()).context("the server's port was not written")?;
    Ok(cluster)
}

fn ready(directory: &Path) -> PathBuf {
    directory.join(READY)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::thread;

    use tempfile::TempDir;

    use super::*;
    use crate::required::skipped;

    /// The server's user must get through it.
    fn open_directory() -> TempDir {
        let directory = tempfile::tempdir_in(place::of(&Settings::fast())).unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        directory
    }

    #[test]
    fn users_share_one_server_and_the_last_one_ends_it() {
        if skipped() {
            return;
        }
        let place = open_directory();
        let programs = Programs::find().unwrap();
        let settings = Settings::fast();
        let attach = || attach(place.path(), programs.clone(), &settings, Duration::ZERO).unwrap();

        let [first, second] = thread::scope(|scope| {
            let users = [scope.spawn(attach), scope.spawn(attach)];
            users.map(|user| user.join().unwrap())
        });
        assert_eq!(first.address(), second.address());
        drop(first);
        assert_eq!(second.create_database().unwrap().sql("SELECT 1").unwrap(), "1");
        drop(second);

        // The watcher's lock is free when the watcher has ended.
        drop(Lease::exclusive(&place.path().join("watch.lock")).unwrap());
        assert!(!place.path().join("server").exists());
        assert_eq!(attach().create_database().unwrap().sql("SELECT 2").unwrap(), "2");
        drop(Lease::exclusive(&place.path().join("watch.lock")).unwrap());
    }

    #[test]
    fn a_server_that_died_is_replaced() {
        if skipped() {
            return;
        }
        let place = open_directory();
        let programs = Programs::find().unwrap();
        let attach = || attach(place.path(), programs.clone(), &Settings::fast(), Duration::ZERO).unwrap();
        let mut first = attach();
        first.stop(crate::Mode::Immediate).unwrap();
        let second = attach();
        assert_eq!(second.create_database().unwrap().sql("SELECT 1").unwrap(), "1");
        drop((first, second));
        drop(Lease::exclusive(&place.path().join("watch.lock")).unwrap());
    }
}
