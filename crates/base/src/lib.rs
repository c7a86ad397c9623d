//! What every other crate stands on: ids, [`Epoch`], [`Timestamp`], [`Error`] with its codes, and the [`World`].
//!
//! Not here: anything that knows Arrow, SQL or a store. Nothing in this crate waits, allocates a thread or opens a file except
//! through [`World`].
//!
//! ```
//! use levada_base::{codes, Error};
//! let error = Error::new(codes::LV_S110, "column \"amout\" not found in \"orders\"").with_hint("did you mean \"amount\"?");
//! assert_eq!(error.to_string(), "LV-S110: column \"amout\" not found in \"orders\"; did you mean \"amount\"?");
//! ```

pub mod codes;
mod error;
mod ids;
mod nearest;
mod position;
mod time;
mod units;
mod world;

pub use codes::{Code, Kind};
pub use error::{Error, Result};
pub use ids::{Epoch, ObjectId, OperatorId};
pub use nearest::nearest;
pub use position::Position;
pub use time::{Timestamp, Watermark};
pub use units::{bytes, duration};
pub use world::{Clock, Files, LocalFiles, MemoryFiles, ReadFile, SimClock, World, WriteFile};
