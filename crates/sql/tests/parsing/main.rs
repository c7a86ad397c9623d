//! The grammar, statement by statement, and what it refuses.

mod accepted;
mod limits;
mod mutated;
mod queries;
mod refused;
mod round_trip;
mod shape;
