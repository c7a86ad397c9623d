//! T-120: situations in which something is not over, each with the tree of reasons that the contract asks for, written by hand, and the
//! proof that the way out which it names is one.

mod bounds;
mod edges;
mod ends;
mod holds;
mod laws;
mod outage;
mod ready;
mod runs;
mod scene;
mod stores;
