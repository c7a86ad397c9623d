//! From names to a logical plan: what a query means, the same for continuous and ad-hoc queries.

mod checked_math;
mod engine_types;
mod literals;
mod locate;
mod provider;
mod session;
mod time_zone;

pub use session::{Binder, Relations};
