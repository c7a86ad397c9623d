//! The named limits. What is beyond one is refused with a message that names it.

/// Bytes of a name of a run, an execution, an input, a tag's value's key.
pub const NAME_BYTES_MAX: usize = 128;
/// Bytes of a lane's name.
pub const LANE_BYTES_MAX: usize = 64;
/// Bytes of a request key or a condition key.
pub const KEY_BYTES_MAX: usize = 256;
/// Bytes of an input kept here; larger ones are passed by reference.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;
/// Bytes of a result kept here; larger ones are passed by reference.
pub const RESULT_BYTES_MAX: usize = 1 << 20;
/// Tags of one run or execution.
pub const TAGS_MAX: usize = 32;
/// Bytes of a tag's value.
pub const TAG_VALUE_BYTES_MAX: usize = 256;
/// Required or offered capabilities.
pub const CAPABILITIES_MAX: usize = 256;
/// Bytes of all of them together.
pub const CAPABILITIES_BYTES_MAX: usize = 4096;
/// The highest priority; the lowest is 0.
pub const PRIORITY_MAX: i32 = 9000;
/// Facts of one result.
pub const FACTS_MAX: usize = 32;
/// A fact that is text.
pub const FACT_BYTES_MAX: usize = 1024;
/// Predicates of one edge.
pub const PREDICATES_MAX: usize = 8;
/// Members of one run.
pub const RUN_EXECUTIONS_MAX: usize = 50_000;
/// Finalizers of one run: as many as are cancelled in one transaction, so that one which waits is never out of sight.
pub const RUN_FINALIZERS_MAX: usize = CANCEL_BATCH_MAX;
/// Edges of one run.
pub const RUN_EDGES_MAX: usize = 200_000;
/// Members of a run that is settled in the transaction that ends one of them.
pub const INLINE_RUN_MAX: i32 = 64;
/// Executions of one claim.
pub const CLAIM_BATCH_MAX: usize = 500;
/// Bytes of one claim's answer; what does not fit is left for the next.
pub const CLAIM_BYTES_MAX: i64 = 32 << 20;
/// Bytes of one execution's inputs that travel with a claim; above it they are delivered as references.
pub const CLAIM_INPUT_BYTES_MAX: i64 = 8 << 20;
/// Items of one call of a worker.
pub const WRITE_BATCH_MAX: usize = 500;
/// The shortest and the longest lease.
pub const LEASE_TTL_MS_MIN: i64 = 1_000;
pub const LEASE_TTL_MS_MAX: i64 = 3_600_000;
/// The lease of a worker that names none.
pub const LEASE_TTL_MS_DEFAULT: i64 = 30_000;
/// How often one execution or run can be replayed.
pub const REPLAYS_MAX: i32 = 10;
/// Crashes after which an execution fails, unless its policy says otherwise.
pub const CRASHES_MAX_DEFAULT: i32 = 20;
/// The most retries a policy can name, and what it has if it names none.
pub const RETRIES_MAX: i32 = 1000;
pub const RETRIES_DEFAULT: i32 = 3;
/// How long a request key is kept.
pub const REQUEST_KEY_WINDOW_MS_MIN: i64 = 60_000;
pub const REQUEST_KEY_WINDOW_MS_MAX: i64 = 30 * 86_400_000;
pub const REQUEST_KEY_WINDOW_MS_DEFAULT: i64 = 86_400_000;
/// How long a request key is left alone at least whose window is over and whose target is stored.
pub const REQUEST_KEY_LOOK_MS: i64 = 600_000;
/// How long an ended run or execution is kept, unless its policy says otherwise.
pub const RETENTION_MS_DEFAULT: i64 = 7 * 86_400_000;
/// Events are dropped by spans of time: as many as are kept, and the shortest one.
pub const EVENT_SPANS_KEPT: i64 = 11;
pub const EVENT_SPAN_MS_MIN: i64 = 3_600_000;
/// Parts in which a store keeps events, at most: those of the spans, the part of now, the next one, and what is in none.
pub const EVENT_PARTS_MAX: usize = 16;
/// How long a run may be built, and a stand-alone execution staged.
pub const BUILD_MS_MAX: i64 = 3_600_000;
/// How long a mark_only cancel leaves members untouched.
pub const CANCEL_GRACE_MS: i64 = 86_400_000;
/// When the members of a run that is being cancelled are looked at once more: a member whose transaction was under way when the cancel
/// committed may have been given back since. Longer than any transaction.
pub const CANCEL_LOOK_AGAIN_MS: i64 = 60_000;
/// Members that are cancelled in one transaction.
pub const CANCEL_BATCH_MAX: usize = 500;
/// Marks that are settled in one transaction.
pub const SETTLE_MARKS_MAX: usize = 5_000;
/// Losing siblings that are cancelled in one transaction.
pub const DISPATCH_CHUNK_MAX: usize = 1_000;
/// Open edges of one execution, and members of one state of a run, that an explanation lists; the rest is counted.
pub const REASONS_LISTED_MAX: u32 = 8;
/// How many edges deep an explanation of an execution goes, and how many executions it looks at in one level.
pub const REASONS_DEPTH_MAX: usize = 8;
pub const REASONS_WIDTH_MAX: u32 = 32;
/// Open conditions of a run that an explanation lists.
pub const REASONS_CONDITIONS_MAX: u32 = 64;
/// Bytes of a failure code, a failure message, a progress note.
pub const FAILURE_CODE_BYTES_MAX: usize = 64;
pub const FAILURE_MESSAGE_BYTES_MAX: usize = 4096;
pub const NOTE_BYTES_MAX: usize = 1024;
