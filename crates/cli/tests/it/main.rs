//! The binary as users meet it: its exit codes, what it prints and where, and that its answers are those of a batch engine.
#![expect(clippy::disallowed_methods, reason = "tests write the files that the binary reads")]

mod acceptance;
mod check;
mod errors;
mod examples;
mod follow;
mod output;
mod shell;
mod support;
