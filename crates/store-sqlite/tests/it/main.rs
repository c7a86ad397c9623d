//! What the SQLite store promises beyond the exam of every store: its file, its errors, its transactions.

mod conformance;
mod disk;
mod disks;
mod durability;
mod faults;
mod heartbeats;
mod merging;
mod owner;
mod rules;
mod schema;
mod stage;
mod statements;
