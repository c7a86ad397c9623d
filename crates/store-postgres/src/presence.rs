//! Whether the server still works for a connection that was given up.
//!
//! A connection that is lost here may live on there: what was sent may arrive late, wait, and be committed. Nearly every call finds out
//! by its locks, but a claim passes by what is locked, so a repeated one could take other work beside what the first one is about to
//! take. Each connection holds an advisory lock from its beginning to the end of its server process; whoever gets that lock knows that
//! nothing comes any more. Not here: who has to know (`transaction`).

use crate::param::Param;
use crate::statement::Statement;

/// The advisory lock of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Presence(pub i64);

/// The process is looked for before it is ended, because the server may try conditions in another order than they stand.
const END: &str = "WITH process AS MATERIALIZED (
    SELECT pid FROM pg_locks
    WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND ((classid::bigint << 32) | objid::bigint) = $1::bigint AND objsubid = 1 AND granted AND pid <> pg_backend_pid()
)
SELECT FROM process WHERE pg_terminate_backend(pid) IS NULL";
const AWAIT: &str = "SELECT WHERE pg_advisory_xact_lock($1::bigint) IS NULL";

impl Presence {
    /// What a connection says first.
    pub fn held(self) -> String {
        format!("SELECT pg_advisory_lock_shared({})", self.0)
    }

    /// Statements without rows, of a transaction of another connection: those after them see what this connection did, and it does no more.
    pub fn ended(self) -> [Statement; 2] {
        [END, AWAIT].map(|sql| Statement { sql: sql.into(), params: vec![Param::Int(self.0)] })
    }
}
