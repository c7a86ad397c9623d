//! The seams to the outside: [`Connector`] (opens a [`Source`] or a [`Sink`]), [`Format`] (bytes to rows and back), their
//! [`Options`], and the [`Registry`] that knows them by name.
//!
//! Not here: any connector or format itself (`levada-connectors`, `levada-formats`), and any change of meaning: a source says what
//! it read and where it stands, a sink writes what it is given. Checking is apart from opening: `check_*` is pure and finds every
//! error of the options before a file, port or server is touched.

mod checked;
pub mod conformance;
mod connector;
mod format;
mod options;
mod registry;
mod sink;
mod source;

pub use checked::Checked;
pub use connector::{Capabilities, Connector, Context, Delivery, Replay, SinkSpec, SourceSpec};
pub use format::{Decoder, Encoder, Format, FormatSpec, ReadPlan};
pub use options::{OptionKind, OptionSpec, OptionValue, Options};
pub use registry::Registry;
pub use sink::{Memory, Sink};
pub use source::{Fetch, FetchLimits, Fetched, Source, SourcePosition};
