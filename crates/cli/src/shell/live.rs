//! `\live`: a table that is drawn again in its place as it changes, until a key is pressed.

use std::io;
use std::time::Duration;

use crossterm::cursor::{MoveToColumn, MoveUp};
use crossterm::event::{self, Event, KeyEventKind};
use crossterm::terminal::{self, Clear, ClearType};
use crossterm::{Command as _, tty::IsTty};
use levada::{Epoch, Error, Result, codes};

use super::{Shell, is_select};
use crate::print;

/// How often it is looked whether something changed.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Lines that a terminal of unknown size is taken to have.
const LINES_DEFAULT: u16 = 24;

/// Draws a relation or a query; without a terminal once.
///
/// # Errors
/// Those of the query; `LV-C010` if the terminal can't be read.
pub(super) fn run(shell: &mut Shell, what: &str) -> Result<()> {
    let sql = if is_select(what) { what.to_owned() } else { format!("SELECT * FROM {what} ORDER BY 1") };
    if !(io::stdin().is_tty() && io::stdout().is_tty()) {
        shell.runtime.block_on(shell.session.wait_for_inputs())?;
        let rows = shell.ask(&sql)?;
        return shell.show(&rows);
    }
    let raw = Raw::enter()?;
    let drawn = draw_until_key(shell, &sql);
    drop(raw);
    drawn
}

fn draw_until_key(shell: &Shell, sql: &str) -> Result<()> {
    let (mut drawn_lines, mut drawn_epoch) = (0, None::<Epoch>);
    loop {
        let epoch = shell.session.database.epoch();
        if drawn_epoch != Some(epoch) {
            let table = print::table(&shell.ask(sql)?, shell.session.screen.paint());
            let text = fit(&table, terminal::size().map_or(LINES_DEFAULT, |(_, lines)| lines));
            shell.session.screen.print(&(back(drawn_lines)? + &text.replace('\n', "\r\n")))?;
            (drawn_lines, drawn_epoch) = (text.lines().count(), Some(epoch));
        }
        let key = event::poll(LOOK_EVERY).and_then(|came| if came { event::read().map(Some) } else { Ok(None) });
        if matches!(key.map_err(unreadable)?, Some(Event::Key(key)) if key.kind == KeyEventKind::Press) {
            return Ok(());
        }
    }
}

/// What fits on the screen, with a line that says what to do.
fn fit(table: &str, lines: u16) -> String {
    let room = usize::from(lines).saturating_sub(2).max(1);
    let count = table.lines().count();
    let mut text: String = table.lines().take(room).flat_map(|line| [line, "\n"]).collect();
    if count > room {
        text.push_str(&format!("… {} more lines. ", count - room));
    }
    text + "Press a key to stop.\n"
}

/// The escape sequences that go back to where the table began.
fn back(lines: usize) -> Result<String> {
    let mut codes = String::new();
    let lines = u16::try_from(lines).unwrap_or(u16::MAX);
    let written = MoveToColumn(0)
        .write_ansi(&mut codes)
        .and_then(|()| if lines > 0 { MoveUp(lines).write_ansi(&mut codes) } else { Ok(()) })
        .and_then(|()| Clear(ClearType::FromCursorDown).write_ansi(&mut codes));
    written.map(|()| codes).map_err(|cause| Error::internal(cause.to_string()))
}

fn unreadable(cause: io::Error) -> Error {
    Error::new(codes::LV_C010, "the terminal can't be read").with_reason(cause.to_string())
}

/// Keys come one by one until this goes.
struct Raw;

impl Raw {
    fn enter() -> Result<Self> {
        terminal::enable_raw_mode().map(|()| Self).map_err(unreadable)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // A terminal that can't be set back is gone.
        let _ = terminal::disable_raw_mode();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_table_is_cut_to_the_screen() {
        assert_eq!(fit("a\nb\nc\nd\n", 4), "a\nb\n… 2 more lines. Press a key to stop.\n");
        assert_eq!(fit("a\nb\n", 4), "a\nb\nPress a key to stop.\n");
    }
}
