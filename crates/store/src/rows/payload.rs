//! What users bring and get: inputs, results, tags, progress, request keys.

use super::{Facts, table};
use crate::alphabets::{KeyOf, Storage};
use crate::ids::ExecutionId;

table!(
    /// The input of an execution. Never overwritten.
    Input in "execution_input" [insert_only]
    key { execution_id: ExecutionId, }
    {
        storage: Storage,
        length: i64,
        /// The bytes, or the reference as text. Empty in a slice that did not ask for them.
        bytes: Vec<u8>,
    }
);

table!(
    /// The result of an execution, by generation. Never overwritten.
    ResultRow in "execution_result" [insert_only]
    key { execution_id: ExecutionId, generation: i32, }
    {
        storage: Storage,
        length: i64,
        digest: i64,
        facts: Facts,
        /// The bytes, or the reference as text. Empty in a slice that did not ask for them.
        bytes: Vec<u8>,
    }
);

table!(
    /// A word that users put on a run or an execution.
    Tag in "tag"
    key { owner: ExecutionId, key: String, }
    {
        namespace: String,
        value: String,
    }
);

table!(
    /// The latest word of a handler about how far it is.
    Progress in "progress"
    key { execution_id: ExecutionId, }
    {
        attempt_no: i32,
        /// Thousandths; none if the handler cannot tell.
        permille: Option<i32>,
        note: String,
        at_ms: i64,
    }
);

table!(
    /// A caller's key of a create or submit, and what it made.
    RequestKey in "request_key"
    key { namespace: String, key: String, }
    {
        of: KeyOf,
        /// The id of the execution or run it stands for.
        target: ExecutionId,
        /// Of the content it was used with.
        digest: i64,
        /// The end of its window.
        expires_ms: i64,
        /// When it is looked at: at the end of its window; while its target is stored then, when that may be gone.
        look_ms: i64,
    }
);
