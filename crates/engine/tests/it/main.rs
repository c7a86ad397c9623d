//! The library from outside, as a program sees it. What SQL alone can show is in the suites; here are pushes, subscriptions, threads
//! and life cycles.

mod busy;
mod deep;
mod life_cycle;
mod panics;
mod push;
mod retraction;
mod shards;
mod subscribe;
mod support;
mod upsert;
mod windows;
mod writes;
