//! Levada as a library: a streaming SQL database in your process.
//!
//! ```
//! use std::sync::Arc;
//! use arrow::array::{Int64Array, RecordBatch};
//! use levada::Database;
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let db = Database::open_in_memory()?;
//! db.execute("CREATE SOURCE clicks (page BIGINT NOT NULL)").await?;
//! db.execute("CREATE MATERIALIZED VIEW hits AS SELECT page, count(*) AS n FROM clicks GROUP BY page").await?;
//!
//! let clicks = db.source("clicks")?;
//! let batch = RecordBatch::try_from_iter([("page", Arc::new(Int64Array::from(vec![7, 7, 8])) as _)]).unwrap();
//! clicks.push(batch).await?;
//!
//! let rows = db.query("SELECT n FROM hits WHERE page = 7").await?;
//! assert_eq!(levada::format_rows(&rows), "n\n2\n");
//! # Ok::<(), levada::Error>(()) }).unwrap();
//! ```
//!
//! The path of a change: [`SourceHandle::push`] (or a connector's reader) → intake (computed columns, watermark) → an epoch over all
//! jobs → contents of views, sinks, subscribers. Everything of an epoch becomes visible together.
//!
//! Not here: how text is read (`levada-sql`), how a query becomes a graph (`levada-plan`) and what the operators of a graph do
//! (`levada-dataflow`). This crate brings them together, and holds what is in the database.

mod builder;
mod content;
mod core;
mod database;
mod envelope;
mod guard;
mod intake;
mod outcome;
mod relations;
mod rows;
mod settings;
mod source;
mod statement;
mod subscription;

pub use builder::Builder;
pub use database::{Database, Progress};
pub use levada_base::{Code, Epoch, Error, Kind, Position, Result, Timestamp, Watermark, World, codes};
pub use levada_connect as connect;
pub use levada_connectors::{Output, Totals};
pub use levada_delta::DeltaBatch;
pub use outcome::{Notice, Outcome};
pub use rows::{Rows, format_rows};
pub use settings::Settings;
pub use source::SourceHandle;
pub use subscription::{EpochChanges, Subscription};
