//! Single values as text, both ways: what CSV fields and JSON leaves hold.
//!
//! [`parse`] reads a text into a typed column, [`print`] writes a typed column's values as text. The texts are PostgreSQL's; reading
//! what was written gives the same value, to the last bit.

pub(crate) mod decimal;
pub(crate) mod names;
pub(crate) mod parse;
pub(crate) mod print;
pub(crate) mod time;
