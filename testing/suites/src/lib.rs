//! Scripts with expected results, and the documentation as tests, over the embedded library.
//!
//! - `slt/**/*.slt` are sqllogictest scripts, each run with one shard and with three: results do not depend on it.
//! - `docs/sql/*.md` are run as they are read: one database a page, a ```` ```text ```` block is what the statement before it gives.
//! - `docs/errors/*.md` are run the same way: the example of each page gives the error of that page.
//!
//! Not here: random statements (`testing/sim`) and slow references (`testing/model`). A statement or a page goes through a [`Session`],
//! which also holds every error to the rules of [`style`].

mod answer;
mod command;
mod page;
mod script;
mod session;
pub mod style;
mod wording;

pub use answer::Answer;
pub use page::{Page, run_page};
pub use script::run_script;
pub use session::{Failure, Session};
