//! A shell without a terminal: every statement is executed as soon as its semicolon is read.

use std::io::BufRead;

use levada::{Error, Result, codes};

use super::{Next, Shell};
use crate::report::Text;

const NAME: &str = "stdin";

/// Reads the standard input to its end.
///
/// # Errors
/// `LV-C010` if it can't be read or is no text.
pub(super) fn read(shell: &mut Shell) -> Result<()> {
    read_from(std::io::stdin().lock(), |text| shell.feed(text))
}

/// Hands on complete input: a line with a command, or lines up to one that ends a statement.
fn read_from(input: impl BufRead, mut feed: impl FnMut(Text<'_>) -> Next) -> Result<()> {
    let (mut open, mut lines_before) = (String::new(), 0);
    for (number, line) in (0..).zip(input.lines()) {
        let line = line.map_err(|cause| {
            Error::new(codes::LV_C010, "the standard input can't be read")
                .with_reason(cause.to_string())
                .with_hint("give UTF-8 text")
        })?;
        if open.trim().is_empty() {
            open.clear();
            lines_before = number;
        }
        open.push_str(&line);
        open.push('\n');
        let is_command = line.starts_with('\\') && open.lines().count() == 1;
        // Only a line with a semicolon can end a statement; looking at every other one would read long statements again and again.
        let is_complete = is_command || (line.contains(';') && levada_sql::split(&open).is_complete());
        if !is_complete {
            continue;
        }
        if feed(Text { name: NAME, text: &open, lines_before }) == Next::Quit {
            return Ok(());
        }
        open.clear();
    }
    if !open.trim().is_empty() {
        feed(Text { name: NAME, text: &open, lines_before });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(input: &str) -> Vec<(String, u32)> {
        let mut pieces = Vec::new();
        let read = read_from(input.as_bytes(), |text| {
            pieces.push((text.text.trim().to_owned(), text.lines_before));
            if text.text.starts_with("\\q") { Next::Quit } else { Next::Read }
        });
        read.expect("text");
        pieces
    }

    #[test]
    fn input_is_cut_where_statements_and_commands_end() {
        let expected = [("SELECT ';\n';", 0), ("\\d", 2), ("SELECT 1; SELECT 2;", 4), ("SELECT 3", 5)];
        assert_eq!(
            pieces("SELECT ';\n';\n\\d\n\nSELECT 1; SELECT 2;\nSELECT 3"),
            expected.map(|(text, at)| (text.to_owned(), at))
        );
    }

    #[test]
    fn nothing_is_read_behind_quit() {
        assert_eq!(pieces("\\q\nSELECT 1;").len(), 1);
    }

    #[test]
    fn input_that_is_no_text_is_an_error() {
        let read = read_from(&b"SELECT \xff;\n"[..], |_| Next::Read);
        assert_eq!(read.expect_err("not UTF-8").code(), codes::LV_C010);
    }
}
