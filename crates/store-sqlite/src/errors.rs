//! What went wrong, in a form that can be told to every call of a transaction.

use levada_base::{Code, Error, codes};
use levada_store::value::{BadValue, Table, Value};
use rusqlite::ErrorCode;

pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// An error of the store. Unlike [`Error`] it can be copied.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    code: Code,
    message: String,
    reason: Option<String>,
    hint: &'static str,
}

const REPEAT: &str = "repeat the call with the same key or fence";

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>, hint: &'static str) -> Self {
        Self { code, message: message.into(), reason: None, hint }
    }

    /// A stored value that its column cannot hold, in a row that begins with these key values.
    pub(crate) fn bad_value(table: &Table, key: &[Value], bad: &BadValue) -> Self {
        let key: Vec<_> = key.iter().map(Value::to_string).collect();
        let message = format!("{}.{} of {} holds {}", table.name, bad.column, key.join("/"), bad.found);
        Self::new(codes::LV_T710, message, "restore it from a backup; report it")
    }

    pub(crate) fn closed() -> Self {
        Self::new(codes::LV_T702, "store unreachable: it was closed", "open it again, then repeat the call with the same key")
    }

    /// A plan that panicked, which is a defect of ours.
    pub(crate) fn panicked() -> Self {
        let hint = "this is a bug in Levada: please report it with the trace";
        Self::new(codes::LV_T901, "rule P-2 violated: a plan panicked", hint)
    }

    pub(crate) fn no_thread(error: &Error) -> Self {
        Self::new(error.code(), error.message(), "end other programs, or raise the limit of threads")
    }

    /// Whether a row broke a rule that the database enforces.
    pub(crate) fn is_violation(&self) -> bool {
        self.code == codes::LV_T901
    }

    /// Adds what was being done.
    pub(crate) fn while_opening(mut self, path: &std::path::Path) -> Self {
        self.message = format!("{} (opening \"{}\")", self.message, path.display());
        self
    }

    pub(crate) fn error(&self) -> Error {
        let error = Error::new(self.code, self.message.clone()).with_hint(self.hint);
        match &self.reason {
            Some(reason) => error.with_reason(reason.clone()),
            None => error,
        }
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        let reason = Some(match &error {
            rusqlite::Error::SqliteFailure(_, Some(said)) => said.clone(),
            other => other.to_string(),
        });
        let full = "free space, then repeat the call with the same key or fence";
        let (code, message, hint) = match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => (codes::LV_T703, "store cannot write: disk full", full),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                (codes::LV_T703, "store cannot write: the database is read-only", "make it writable, then repeat the call")
            }
            Some(ErrorCode::SystemIoFailure | ErrorCode::FileLockingProtocolFailed) => {
                (codes::LV_T703, "store cannot write: I/O error", "look at the disk, then repeat the call")
            }
            Some(ErrorCode::CannotOpen | ErrorCode::OutOfMemory) => (codes::LV_T702, "store unreachable", REPEAT),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                (codes::LV_T701, "the transaction met contention (SQLITE_BUSY): another program has the file open", REPEAT)
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                (codes::LV_T710, "the database file is damaged", "restore it from a backup; report it")
            }
            Some(ErrorCode::ConstraintViolation) => {
                let said = reason.clone().unwrap_or_default();
                let rule = said.rsplit(": ").next().unwrap_or_default().to_owned();
                let hint = "this is a bug in Levada: please report it with the trace";
                return Self { code: codes::LV_T901, message: format!("rule {rule} violated"), reason, hint };
            }
            _ => {
                (codes::LV_T901, "the database refused a statement", "this is a bug in Levada: please report it with the trace")
            }
        };
        Self { code, message: message.to_owned(), reason, hint }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn code_of(sqlite: i32) -> &'static str {
        Failure::from(rusqlite::Error::SqliteFailure(ffi::Error::new(sqlite), None)).error().code().name()
    }

    #[test]
    fn st_31_what_sqlite_says_becomes_a_code_of_ours() {
        assert_eq!(code_of(ffi::SQLITE_FULL), "LV-T703");
        assert_eq!(code_of(ffi::SQLITE_READONLY), "LV-T703");
        assert_eq!(code_of(ffi::SQLITE_IOERR_FSYNC), "LV-T703");
        assert_eq!(code_of(ffi::SQLITE_BUSY), "LV-T701");
        assert_eq!(code_of(ffi::SQLITE_CORRUPT), "LV-T710");
        assert_eq!(code_of(ffi::SQLITE_NOTADB), "LV-T710");
        assert_eq!(code_of(ffi::SQLITE_CANTOPEN), "LV-T702");
        assert_eq!(code_of(ffi::SQLITE_CONSTRAINT_CHECK), "LV-T901");
    }
}
