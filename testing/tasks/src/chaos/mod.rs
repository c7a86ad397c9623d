//! Faults around the whole engine: everything goes through `levada_tasks::Tasks` on real stores. A connection is cut, a process is killed,
//! a server restarts, two nodes do something at the same moment; then everything due must happen without a human, and what is left must
//! be what an undisturbed history leaves.
//!
//! Not here: random graphs and the interpreter of the contract (`ring0`, `model`), which know no stores.

pub mod abort;
pub mod clock;
pub mod cut;
pub mod disturb;
pub mod drain;
mod gate;
pub mod history;
pub mod laws;
pub mod ledger;
pub mod live;
pub mod load;
pub mod meet;
pub mod meeting;
pub mod node;
pub mod operation;
pub mod outcome;
mod pace;
pub mod pair;
pub mod picture;
pub mod place;
mod process;
pub mod refuse;
pub mod sabotage;
pub mod scene;
pub mod sweeps;
pub mod verdict;
