//! What the server's errors mean to a transaction, and what the caller is told.

use std::time::Duration;

use levada_base::{Error, codes};
use tokio_postgres::error::SqlState;

/// Why a transaction was not committed, or not known to be.
#[derive(Debug)]
pub enum Failure {
    /// Others worked on the same rows; the transaction was rolled back.
    Contention { sqlstate: String },
    /// A row exists that the slice did not show: somebody just made it, or the plan writes without having looked. The text names it.
    Taken { row: String },
    /// The graph changed between the locks and the load.
    Stale,
    /// The connection was lost, or none was had; nothing was committed.
    Lost(String),
    /// The connection was lost after the commit was sent.
    Unknown,
    /// Trying again would not help.
    Refused(Error),
}

impl Failure {
    /// Why trying again may help, as the server or the standard names it; none if it would not.
    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            Self::Contention { sqlstate } => Some(sqlstate),
            Self::Taken { .. } => Some(SqlState::UNIQUE_VIOLATION.code()),
            Self::Stale => Some(SqlState::T_R_SERIALIZATION_FAILURE.code()),
            Self::Lost(_) => Some(SqlState::CONNECTION_FAILURE.code()),
            Self::Unknown => Some(SqlState::TRANSACTION_RESOLUTION_UNKNOWN.code()),
            Self::Refused(_) => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(said) = error.as_db_error() else {
            return Self::Lost(spoken(&error));
        };
        let state = said.code();
        if [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED, SqlState::LOCK_NOT_AVAILABLE].contains(state)
            || *state == SqlState::QUERY_CANCELED
        {
            Self::Contention { sqlstate: state.code().to_owned() }
        } else if *state == SqlState::UNIQUE_VIOLATION && !is_rule(said.constraint()) {
            Self::Taken { row: format!("{} {}", said.constraint().unwrap_or_default(), said.detail().unwrap_or_default()) }
        } else if is_lost(state) {
            Self::Lost(said.message().to_owned())
        } else {
            Self::Refused(refused(state, said.message().to_owned(), said.constraint()).caused_by(error))
        }
    }
}

/// Whether a unique index is one of the rules V-1 … V-6 and not a table's key: then no other transaction is to blame.
fn is_rule(constraint: Option<&str>) -> bool {
    constraint.is_some_and(|name| name.starts_with('v'))
}

/// Whether the server will not go on with this connection, but may with the next.
fn is_lost(state: &SqlState) -> bool {
    let class = &state.code()[..2];
    class == "08"
        || class == "57"
        || *state == SqlState::TOO_MANY_CONNECTIONS
        || *state == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
}

fn refused(state: &SqlState, message: String, constraint: Option<&str>) -> Error {
    let cannot_write =
        [SqlState::DISK_FULL, SqlState::READ_ONLY_SQL_TRANSACTION, SqlState::IO_ERROR, SqlState::OUT_OF_MEMORY].contains(state);
    if cannot_write {
        Error::new(codes::LV_T703, format!("store cannot write: {message}"))
            .with_hint("free space, or make the database writable")
    } else if [SqlState::CHECK_VIOLATION, SqlState::NOT_NULL_VIOLATION, SqlState::UNIQUE_VIOLATION].contains(state) {
        let rule = constraint.unwrap_or("not null").to_owned();
        Error::new(codes::LV_T901, format!("rule {rule} violated: {message}"))
            .with_detail("rule", rule)
            .with_hint("this is a bug in Levada: please report it with the trace")
    } else if [SqlState::UNDEFINED_TABLE, SqlState::UNDEFINED_COLUMN, SqlState::INVALID_SCHEMA_NAME].contains(state) {
        Error::new(codes::LV_T705, format!("schema is not the one of this build: {message}")).with_hint("open the store again")
    } else if [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION, SqlState::INVALID_CATALOG_NAME]
        .contains(state)
    {
        unreachable(&message)
    } else {
        Error::internal(format!("the server refused a statement ({}): {message}", state.code()))
    }
}

/// The error and what caused it, in one line.
fn spoken(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

pub fn unreachable(why: &str) -> Error {
    Error::new(codes::LV_T702, format!("store unreachable: {why}"))
        .with_hint("repeat with the same key or fence when it answers")
}

pub fn unknown_outcome() -> Error {
    Error::new(codes::LV_T704, "outcome of the call is unknown")
        .with_hint("repeat with the same key or fence: it cannot apply twice")
}

/// What the caller is told when no attempt is left. `unknown` says whether an earlier attempt may have been committed.
pub fn final_error(failure: Failure, attempts: u32, unknown: bool) -> Error {
    match failure {
        Failure::Refused(error) => error,
        _ if unknown => unknown_outcome(),
        Failure::Unknown => unknown_outcome(),
        Failure::Lost(why) => unreachable(&why),
        Failure::Contention { sqlstate } => contention(attempts, &sqlstate),
        Failure::Taken { .. } => contention(attempts, SqlState::UNIQUE_VIOLATION.code()),
        Failure::Stale => contention(attempts, SqlState::T_R_SERIALIZATION_FAILURE.code()),
    }
}

fn contention(attempts: u32, sqlstate: &str) -> Error {
    Error::new(codes::LV_T701, format!("the call met contention {attempts} times ({sqlstate})"))
        .with_detail("sqlstate", sqlstate)
        .with_hint("retry with the same key")
}

/// What is said when an attempt took longer than it may.
pub fn late(limit: Duration) -> Failure {
    Failure::Lost(format!("no answer within {} ms", limit.as_millis()))
}

/// A plan must not panic (P-2); that one did harms no other call.
pub fn panicked() -> Error {
    Error::new(codes::LV_T901, "rule P-2 violated: a plan panicked")
        .with_detail("rule", "P-2")
        .with_hint("this is a bug in Levada: please report it with the trace")
}

/// A statement did something else than the plans of its calls say.
pub fn unlike_its_plan() -> Error {
    Error::new(codes::LV_T901, "rule P-6 violated: one statement wrote other executions than its calls decided")
        .with_detail("rule", "P-6")
        .with_hint("this is a bug in Levada: please report it with the trace")
}

/// One transaction gave out more numbers than it has.
pub fn too_many_rows() -> Error {
    Error::new(
        codes::LV_T901,
        format!("rule ST-14 violated: more than {} new rows in one transaction", crate::write::NUMBERS_MAX),
    )
    .with_detail("rule", "ST-14")
    .with_hint("this is a bug in Levada: please report it with the trace")
}

/// The same error for another caller; its cause stays with the first.
pub fn copied(error: &Error) -> Error {
    let mut copy = Error::new(error.code(), error.message());
    if let Some(reason) = error.reason() {
        copy = copy.with_reason(reason);
    }
    if let Some(hint) = error.hint() {
        copy = copy.with_hint(hint);
    }
    error.details().iter().fold(copy, |copy, (name, value)| copy.with_detail(name, value))
}
