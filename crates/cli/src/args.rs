//! What may be typed behind `levada`.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use clap_complete::Shell;

use crate::print::Format;

const EXAMPLES: &str = "\
Examples:
  levada run examples/hot_items.sql
  levada run examples/hot_items.sql --format json --set shards=2
  levada sql -c \"SELECT auction, max(price) FROM 'bids.parquet' GROUP BY auction\"
  levada check examples/join.sql
  levada                                   # a shell; \\? lists its commands";

/// A streaming SQL database with the orchestrator inside.
#[derive(Debug, Parser)]
#[command(name = "levada", version, after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Execute a script: bounded inputs are read to their end, others until Ctrl-C
    #[command(after_help = RUN_EXAMPLES)]
    Run(Run),
    /// Execute statements given on the command line; files are read by name
    #[command(after_help = SQL_EXAMPLES)]
    Sql(Sql),
    /// Parse and plan a script and report everything that is wrong; nothing runs
    Check(Check),
    /// An interactive shell; without a terminal it executes what it reads
    Shell(Shared),
    /// Print a script with which a shell completes levada's commands
    #[command(after_help = "Example:\n  levada completions bash > ~/.local/share/bash-completion/completions/levada")]
    Completions { shell: Shell },
}

const RUN_EXAMPLES: &str = "\
Examples:
  levada run examples/hot_items.sql
  levada run job.sql --format csv > result.csv
  cat job.sql | levada run -";

const SQL_EXAMPLES: &str = "\
Examples:
  levada sql -c \"SELECT count(*) FROM 'bids.parquet'\"
  levada sql --format json -c \"SELECT * FROM 'logs.jsonl' WHERE level = 'error'\"";

/// What every command that opens a database takes.
#[derive(Debug, Default, ClapArgs)]
pub(crate) struct Shared {
    /// How rows are printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// A setting, such as shards=4; may be given several times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub settings: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Run {
    /// The script; - reads it from the standard input
    pub file: PathBuf,
    #[command(flatten)]
    pub shared: Shared,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Sql {
    /// The statements
    #[arg(short = 'c', long = "command", value_name = "SQL")]
    pub text: String,
    #[command(flatten)]
    pub shared: Shared,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Check {
    /// The script; - reads it from the standard input
    pub file: PathBuf,
    /// Print the errors as one JSON document on the standard output
    #[arg(long)]
    pub json: bool,
}
