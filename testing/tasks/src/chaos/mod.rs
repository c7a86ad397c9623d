//! Faults around the whole engine: everything goes through `levada_tasks::Tasks` on real stores. A connection is cut, a process is killed,
//! a server restarts, two nodes do something at the same moment; then everything due must happen without a human, and what is left must
//! be what an undisturbed history leaves.
//!
//! Not here: random graphs and the interpreter of the contract (`ring0`, `model`), which know no stores.

pub mod cut;
pub mod drain;
pub mod laws;
pub mod node;
pub mod operation;
pub mod outcome;
pub mod picture;
pub mod place;
pub mod sabotage;
pub mod scene;
