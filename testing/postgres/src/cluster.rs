//! A data directory and the server that runs on it: created, started, stopped. It does not end by itself; see `life`.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};

use crate::port;
use crate::program::{self, SERVER_LIMIT};
use crate::programs::Programs;
use crate::server::Mode;
use crate::settings::{Settings, quoted};

/// Who owns the server. Databases belong to somebody less: what is tested must not need a superuser.
pub const SUPERUSER: &str = "postgres";

/// Who owns the databases, and whom their URLs name.
pub const USER: &str = "levada";

const LOG_LINES_SHOWN: usize = 20;

/// How often another process may be quicker to take a port.
const PORT_TRIES: usize = 5;

#[derive(Debug, Clone)]
pub struct Cluster {
    programs: Programs,
    directory: PathBuf,
    port: u16,
}

impl Cluster {
    /// Creates the data below an existing directory and starts the server on it.
    pub fn create(programs: Programs, directory: &Path, settings: &Settings) -> Result<Self> {
        let mut cluster = Self { programs, directory: directory.to_path_buf(), port: 0 };
        cluster.initialize(settings)?;
        cluster.start_somewhere()?;
        cluster.psql(SUPERUSER, &format!("CREATE ROLE {USER} LOGIN"))?;
        Ok(cluster)
    }

    /// The handle of a server that another process has started.
    pub fn running(programs: Programs, directory: &Path, port: u16) -> Self {
        Self { programs, directory: directory.to_path_buf(), port }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// Starts the server on its port and waits until it takes connections.
    pub fn start(&self) -> Result<()> {
        let port = format!("-p {}", self.port);
        let log = self.log();
        self.control(&["start", "-o", &port, "-l", &log.to_string_lossy()])
    }

    /// Stops the server and waits until it is gone.
    pub fn stop(&self, mode: Mode) -> Result<()> {
        self.control(&["stop", "-m", mode.word()])
    }

    /// Makes the next start one of a replica: the server replays what is there and takes no writes.
    pub fn follow(&self) -> Result<()> {
        let signal = self.data().join("standby.signal");
        OpenOptions::new().create(true).append(true).open(&signal).context("the mark of a replica")?;
        self.programs.account().own(&signal)
    }

    /// Makes a replica the primary and waits until it is.
    pub fn promote(&self) -> Result<()> {
        self.control(&["promote"])
    }

    pub fn answers(&self) -> bool {
        self.psql(SUPERUSER, "SELECT 1").is_ok()
    }

    /// Runs SQL as the superuser; returns the rows, a line each, columns between bars.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String> {
        let mut command = self.programs.client_command("psql");
        command.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"]);
        command.arg("--host").arg(&self.directory).args(["--port", &self.port.to_string()]);
        command.args(["--username", SUPERUSER, "--dbname", database, "--command", sql]);
        let printed = program::run(command, program::CLIENT_LIMIT).map_err(|error| self.explained(&error))?;
        Ok(printed.trim_end().to_owned())
    }

    fn initialize(&self, settings: &Settings) -> Result<()> {
        self.programs.account().own(&self.directory)?;
        let mut command = self.programs.server_command("initdb");
        command.arg("--pgdata").arg(self.data());
        command.args(["--username", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        program::run(command, SERVER_LIMIT)?;

        let socket = quoted(&self.directory.to_string_lossy());
        let place = format!("listen_addresses = '127.0.0.1'\nunix_socket_directories = {socket}\n");
        let mut file = OpenOptions::new().append(true).open(self.data().join("postgresql.conf"))?;
        file.write_all((place + &settings.lines()).as_bytes()).context("the server's settings were not written")
    }

    fn start_somewhere(&mut self) -> Result<()> {
        let mut tries = 0..PORT_TRIES;
        loop {
            self.port = port::free()?;
            match self.start() {
                Err(error) if tries.next().is_some() && error.to_string().contains("Address already in use") => {
                    fs::remove_file(self.log())?; // or the next failure would look the same
                }
                done => return done,
            }
        }
    }

    fn control(&self, arguments: &[&str]) -> Result<()> {
        let mut command = self.programs.server_command("pg_ctl");
        command.arg("--pgdata").arg(self.data()).args(["--wait", "--timeout=60", "--silent"]).args(arguments);
        match program::run(command, SERVER_LIMIT) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.explained(&error)),
        }
    }

    fn explained(&self, error: &anyhow::Error) -> anyhow::Error {
        anyhow!("{error:#}\nthe server's log ends with:\n{}", self.log_tail())
    }

    fn log_tail(&self) -> String {
        let log = self.log();
        #[expect(clippy::disallowed_methods, reason = "the log of a server that a test has started")]
        let text = match fs::read(&log) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => format!("(\"{}\" cannot be read: {error})", log.display()),
        };
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn log(&self) -> PathBuf {
        self.directory.join("server.log")
    }
}
