//! Backslash commands: what may be typed, and what it means.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use levada::{Epoch, Error, Result, Rows, codes};

/// What a line that begins with a backslash asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Help,
    Quit,
    Timing,
    List,
    Describe(String),
    /// A relation's name or a query.
    Live(String),
}

pub(super) const HELP: &str = "\
\\d            list everything that was created
\\d NAME       the columns of an object
\\live NAME    draw a view again and again as it changes, until a key is pressed; a SELECT in place of a name works too
\\timing       print how long each statement takes, or stop printing it
\\?            this text
\\q            quit; so does Ctrl-D

A statement ends with a semicolon and may have many lines. Tab completes, Ctrl-R searches the history, Ctrl-C gives up a line or
stops a statement that runs.
";

const NAMES: &[&str] = &["\\?", "\\q", "\\d", "\\timing", "\\live"];

impl Command {
    /// # Errors
    /// `LV-S001` for an unknown command or a missing name.
    pub(super) fn parse(line: &str) -> Result<Self> {
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim().trim_end_matches(';').trim_end();
        match (name.trim_end_matches(';'), rest.is_empty()) {
            ("\\?" | "\\h" | "\\help", true) => Ok(Self::Help),
            ("\\q" | "\\quit", true) => Ok(Self::Quit),
            ("\\timing", true) => Ok(Self::Timing),
            ("\\d", true) => Ok(Self::List),
            ("\\d", false) => Ok(Self::Describe(rest.to_owned())),
            ("\\live", false) => Ok(Self::Live(rest.to_owned())),
            ("\\live", true) => {
                Err(Error::new(codes::LV_S001, "\\live of what?").with_hint("write \\live and the name of a view"))
            }
            (known, false) if NAMES.contains(&known) => {
                Err(Error::new(codes::LV_S001, format!("\"{known}\" takes nothing behind it"))
                    .with_hint(format!("write {known}")))
            }
            (unknown, _) => {
                Err(Error::new(codes::LV_S001, format!("there is no command \"{unknown}\"")).with_hint("\\? lists them"))
            }
        }
    }
}

/// Texts as rows.
///
/// # Errors
/// `LV-S999` never: the columns are as long as each other.
pub(super) fn rows_of<const N: usize>(names: [&str; N], texts: &[[String; N]], epoch: Epoch) -> Result<Rows> {
    let column = |at: usize| -> ArrayRef { Arc::new(texts.iter().map(|row| Some(row[at].as_str())).collect::<StringArray>()) };
    let batch = RecordBatch::try_from_iter(names.iter().enumerate().map(|(at, name)| (*name, column(at))));
    let batch = batch.map_err(|cause| Error::internal(cause.to_string()))?;
    Ok(Rows { schema: batch.schema(), batches: vec![batch], epoch })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_with_and_without_what_follows() {
        let parse = |line| Command::parse(line).map_err(|error| error.message().to_owned());
        assert_eq!(parse("\\d"), Ok(Command::List));
        assert_eq!(parse("\\d  orders ;"), Ok(Command::Describe("orders".to_owned())));
        assert_eq!(parse("\\live SELECT 1;"), Ok(Command::Live("SELECT 1".to_owned())));
        assert_eq!(parse("\\q;"), Ok(Command::Quit));
        assert_eq!(parse("\\x"), Err("there is no command \"\\x\"".to_owned()));
        assert_eq!(parse("\\q now"), Err("\"\\q\" takes nothing behind it".to_owned()));
    }
}
