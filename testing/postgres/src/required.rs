//! What a test says in one line: give me PostgreSQL, or fail; or leave, if the environment says so.

use std::env;

use anyhow::Result;

use crate::database::Database;
use crate::server::Server;
use crate::settings::Settings;

/// Names, separated by commas, what tests go without; here `postgres`.
pub const SKIP_VARIABLE: &str = "LEVADA_TEST_SKIP";

/// A fresh database on the shared server. `None`, said aloud, only if the environment asks to skip.
///
/// # Panics
/// Without PostgreSQL's programs, naming the package; and if the server does not start, with the end of its log.
#[track_caller]
pub fn database() -> Option<Database> {
    required(|| Server::shared()?.create_database())
}

/// A server of the test's own. As [`database`] otherwise.
#[track_caller]
pub fn server(settings: &Settings) -> Option<Server> {
    required(|| Server::start(settings))
}

#[track_caller]
fn required<T>(make: impl FnOnce() -> Result<T>) -> Option<T> {
    if skipped() {
        return None;
    }
    match make() {
        Ok(made) => Some(made),
        Err(error) => panic!("{error:#}"),
    }
}

/// Whether the environment asks to skip what needs PostgreSQL; says so aloud if it does.
pub(crate) fn skipped() -> bool {
    let skipped = skips(env::var(SKIP_VARIABLE).ok().as_deref());
    if skipped {
        eprintln!("SKIPPED: {SKIP_VARIABLE} says \"postgres\", and this test needs PostgreSQL");
    }
    skipped
}

fn skips(variable: Option<&str>) -> bool {
    variable.is_some_and(|names| names.split(',').any(|name| name.trim() == "postgres"))
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn only_the_word_itself_skips() {
        for said in ["postgres", "kafka, postgres"] {
            assert!(skips(Some(said)), "{said}");
        }
        for said in [None, Some(""), Some("kafka"), Some("postgresql")] {
            assert!(!skips(said), "{said:?}");
        }
    }

    #[test]
    #[should_panic(expected = "no server here")]
    fn what_is_missing_fails_the_test() {
        assert!(!skipped(), "no server here, nor was one asked for");
        required::<()>(|| bail!("no server here"));
    }
}
