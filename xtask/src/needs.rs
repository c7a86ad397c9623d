//! What the tests need of the machine beside Rust. Nothing is installed here: a message names the package.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

/// Names, separated by commas, what tests go without.
const SKIP_VARIABLE: &str = "LEVADA_TEST_SKIP";

/// Where Debian keeps the server's programs, a directory per version.
const DEBIAN_SERVERS: &str = "/usr/lib/postgresql";

pub fn linker() -> Result<()> {
    if answers("cc", &["--version"]) {
        return Ok(());
    }
    bail!("no C compiler \"cc\" found, which Rust needs to link; on Debian: apt-get install build-essential")
}

/// A server that tests can start, or the word of the environment that they go without.
pub fn postgres() -> Result<()> {
    let skipped = std::env::var(SKIP_VARIABLE).unwrap_or_default();
    if names(&skipped, "postgres") {
        eprintln!("SKIPPED: {SKIP_VARIABLE} says \"postgres\": the tests that need PostgreSQL do nothing");
        return Ok(());
    }
    if answers("initdb", &["--version"]) || holds_server(Path::new(DEBIAN_SERVERS)) || configured() {
        return Ok(());
    }
    bail!(
        "PostgreSQL's server is not installed, which tests start for themselves; on Debian: apt-get install postgresql; \
         to go without its tests: {SKIP_VARIABLE}=postgres"
    )
}

/// Whether the program is there and succeeds.
pub fn answers(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn names(list: &str, wanted: &str) -> bool {
    list.split(',').any(|name| name.trim() == wanted)
}

/// Whether some `<root>/<version>/bin` has a server.
fn holds_server(root: &Path) -> bool {
    let versions = root.read_dir().into_iter().flatten().flatten();
    versions.map(|version| version.path().join("bin/initdb")).any(|program| program.is_file())
}

/// Whether the directory that `pg_config` names has a server.
fn configured() -> bool {
    let output = Command::new("pg_config").arg("--bindir").output();
    let named = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    Path::new(&named).join("initdb").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_does_not_answer() {
        assert!(answers("cargo", &["--version"]));
        assert!(!answers("levada-no-such-program", &["--version"]));
    }

    #[test]
    fn a_skip_is_named_exactly() {
        assert!(names("postgres", "postgres") && names("kafka, postgres", "postgres"));
        assert!(!names("", "postgres") && !names("postgresql", "postgres"));
    }

    #[test]
    fn a_version_without_a_server_is_not_one() {
        let root = std::env::temp_dir().join(format!("levada-needs-{}", std::process::id()));
        let programs = root.join("15/bin");
        std::fs::create_dir_all(&programs).unwrap();
        assert!(!holds_server(&root));
        std::fs::File::create_new(programs.join("initdb")).unwrap();
        assert!(holds_server(&root));
        std::fs::remove_dir_all(&root).unwrap();
        assert!(!holds_server(&root));
    }
}
