//! The `levada` binary: run a script, ask questions of files, check a script, a shell.
//!
//! A thin shell over the library: arguments → [`command`] → [`session`] (one open database and what waits on it) → [`print`]. Nothing
//! here knows how a statement is executed, and everything that can be done here can be done with the crate `levada`.

mod args;
mod command;
mod print;
mod progress;
mod report;
mod screen;
mod session;
mod shell;
mod stop;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Statements are cloned, shown and dropped here too, a few stack frames a level.
    levada_sql::with_stack(|| command::run(args::Args::parse()))
}
