//! The shared store: PostgreSQL 13 or newer, any number of engine nodes.
//!
//! Not here: rules, and what a slice or a command means. Both are defined by `levada-store` on full state; this crate loads the
//! same slices with statements (`load`) and writes the same commands (`write`). It sits where the in-memory store sits:
//!
//! ```text
//! transact ─ queue ─▶ driver: BEGIN, lock, load │ plan │ write, COMMIT ─▶ answers, then wakes and notifications
//!                             one round trip            one round trip
//! transact_fused ─▶ driver: one statement │ plan, for the answer ─▶ the same; what does not fit is transacted
//! read, events, dump ─▶ a connection of the pool, without locks
//! ```
//!
//! Calls that wait while all drivers are busy share the next transactions. Every transaction is READ COMMITTED with row locks;
//! after contention, a lost connection or an unanswered commit the whole of it is planned and run again, which is safe because plans
//! recognise what they did by its key or fence.

mod clock;
mod connections;
mod counts;
mod drivers;
mod dues;
mod dump;
mod errors;
mod events;
mod fused;
mod hints;
mod load;
mod message;
mod migrate;
mod open;
mod param;
mod presence;
mod query;
mod reading;
mod reasons;
mod record;
mod session;
mod settings;
mod shared;
mod shortcuts;
mod slice;
mod statement;
mod statistics;
mod store;
mod transaction;
mod write;

pub use settings::Settings;
pub use statistics::Statistics;
pub use store::PostgresStore;
