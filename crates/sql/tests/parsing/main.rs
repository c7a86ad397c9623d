//! The grammar, statement by statement, and what it refuses.

mod accepted;
mod round_trip;
