//! The commands, one file each, and what their errors mean to the process: 0 if everything was done, 1 if not.

mod check;
mod execute;

use std::process::ExitCode;

use clap::CommandFactory;
use levada::{Error, Result, codes};

use crate::args::{Args, Command, Shared};
use crate::report::{self, Text};
use crate::screen::Screen;
use crate::shell;

/// What a command came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Well,
    /// What went wrong has been told.
    Badly,
}

/// Runs what was asked for and tells its errors.
pub(crate) fn run(args: Args) -> ExitCode {
    let screen = Screen::of_process();
    let ended = match args.command {
        None => shell::run(&Shared::default(), &screen),
        Some(Command::Shell(shared)) => shell::run(&shared, &screen),
        Some(Command::Run(run)) => execute::run(&run, &screen),
        Some(Command::Sql(sql)) => execute::sql(&sql, &screen),
        Some(Command::Check(check)) => check::run(&check, &screen),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "levada", &mut script);
            screen.print(&String::from_utf8_lossy(&script)).map(|()| Ended::Well)
        }
    };
    match ended.unwrap_or_else(|error| tell(&error, None, &screen)) {
        Ended::Well => ExitCode::SUCCESS,
        Ended::Badly => ExitCode::FAILURE,
    }
}

/// Tells an error. That nobody reads the results any more is none: `levada run … | head` has done what was asked for.
pub(crate) fn tell(error: &Error, text: Option<Text<'_>>, screen: &Screen) -> Ended {
    if screen.was_left() {
        return Ended::Well;
    }
    screen.aside(|| report::error(error, text));
    Ended::Badly
}

/// The runtime on which a command waits.
///
/// # Errors
/// `LV-S722` if the system gives no threads.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|cause| Error::new(codes::LV_S722, "no runtime for signals and timers").caused_by(cause))
}
