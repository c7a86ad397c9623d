//! The shell: statements and backslash commands, from a terminal with history and completion, or from a pipe.
//!
//! A line from either goes to [`Shell::feed`]; what differs is only how lines are read ([`terminal`], [`piped`]).

mod command;
mod completer;
mod highlighter;
mod live;
mod piped;
mod terminal;

use std::io::IsTerminal;

use levada::{Result, Rows, World};
use levada_sql::Statement;

use crate::args::Shared;
use crate::command::{Ended, runtime, tell};
use crate::print::{self, Format};
use crate::report::{self, Text};
use crate::screen::Screen;
use crate::session::{Session, Talk, Waited};
use command::Command;

/// What the shell keeps between two lines.
pub(crate) struct Shell {
    session: Session,
    runtime: tokio::runtime::Runtime,
    world: World,
    times: Times,
    failed: bool,
}

/// Whether the time of each statement is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Times {
    Hidden,
    Shown,
}

/// What to do after a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    Read,
    Quit,
}

/// Runs a shell until its input ends.
///
/// # Errors
/// An unknown setting; a terminal that can't be used. What goes wrong in a statement has been told.
pub(crate) fn run(shared: &Shared, screen: &Screen) -> Result<Ended> {
    let runtime = runtime()?;
    let session = {
        let _within = runtime.enter();
        Session::open(shared, screen.clone(), Talk::Messages)?
    };
    let mut shell = Shell { session, runtime, world: World::real(), times: Times::Hidden, failed: false };
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        // Somebody looks on: what is created is read at once.
        shell.session.database.start()?;
        terminal::read(&mut shell)?;
        shell.failed = false;
    } else {
        piped::read(&mut shell)?;
    }
    if let Err(error) = shell.session.close() {
        shell.tell(&error, None);
    }
    Ok(if shell.failed { Ended::Badly } else { Ended::Well })
}

impl Shell {
    /// Acts on complete input: a backslash command or statements, up to the first that fails.
    pub(crate) fn feed(&mut self, text: Text<'_>) -> Next {
        let line = text.text.trim();
        if line.starts_with('\\') {
            return self.command(line);
        }
        match line.trim_end_matches(';').to_ascii_lowercase().as_str() {
            "quit" | "exit" => return Next::Quit,
            "help" => return self.command("\\?"),
            _ => {}
        }
        for parsed in levada_sql::parse_all(text.text) {
            let before = self.world.clock().elapsed();
            let done = parsed.and_then(|parsed| self.execute(parsed));
            if self.times == Times::Shown {
                let spent = self.world.clock().elapsed() - before;
                let time = format!("Time: {:.1} ms", spent.as_secs_f64() * 1e3);
                self.session.screen.aside(|| report::say(&(time + "\n")));
            }
            if let Err(error) = done {
                self.tell(&error, Some(text));
                break;
            }
        }
        if self.session.screen.was_left() { Next::Quit } else { Next::Read }
    }

    fn tell(&mut self, error: &levada::Error, text: Option<Text<'_>>) {
        self.failed |= tell(error, text, &self.session.screen) == Ended::Badly;
    }

    fn execute(&mut self, parsed: levada_sql::Parsed) -> Result<()> {
        let waited = self.runtime.block_on(self.session.execute(parsed))?;
        if waited == Waited::Interrupted {
            self.session.screen.aside(|| report::remark("stopped"));
        }
        if self.session.is_following() {
            self.runtime.block_on(self.session.follow())?;
        }
        Ok(())
    }

    fn command(&mut self, line: &str) -> Next {
        let done = match Command::parse(line) {
            Err(error) => Err(error),
            Ok(Command::Quit) => return Next::Quit,
            Ok(Command::Help) => self.session.screen.print(command::HELP),
            Ok(Command::Timing) => self.turn_timing(),
            Ok(Command::List) => self.list(),
            Ok(Command::Describe(name)) => self.ask(&format!("DESCRIBE {name}")).and_then(|rows| self.show(&rows)),
            Ok(Command::Live(what)) => live::run(self, &what),
        };
        if let Err(error) = done {
            self.tell(&error, None);
        }
        Next::Read
    }

    fn turn_timing(&mut self) -> Result<()> {
        self.times = if self.times == Times::Shown { Times::Hidden } else { Times::Shown };
        self.session.screen.print(if self.times == Times::Shown { "Timing is on.\n" } else { "Timing is off.\n" })
    }

    /// The rows of a statement of the shell's own.
    fn ask(&self, sql: &str) -> Result<Rows> {
        self.runtime.block_on(self.session.database.query(sql))
    }

    fn show(&self, rows: &Rows) -> Result<()> {
        print::rows(self.session.format, rows, &self.session.screen)
    }

    /// Every object with its kind and status.
    fn list(&self) -> Result<()> {
        let mut listed = Vec::new();
        for kind in levada_sql::ObjectKind::ALL {
            let kind = kind.keywords();
            for row in self.ask(&format!("SHOW {kind}S"))?.texts() {
                let mut cells = row.into_iter().map(Option::unwrap_or_default);
                let (name, status) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
                listed.push([name, kind.to_lowercase(), status]);
            }
        }
        listed.sort();
        if listed.is_empty() && self.session.format == Format::Table {
            return self.session.screen.print("Nothing has been created yet.\n");
        }
        self.show(&command::rows_of(["name", "kind", "status"], &listed, self.session.database.epoch())?)
    }
}

/// Whether a statement reads rows that `\live` can draw again and again.
fn is_select(sql: &str) -> bool {
    matches!(levada_sql::parse_one(sql).map(|parsed| parsed.statement), Ok(Statement::Select(_)))
}
