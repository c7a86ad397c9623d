//! Errors and notices for people: code and message, the place in the text with a caret, why, and what to type instead.
//!
//! ```text
//! error LV-S110: column "amout" does not exist
//!   --> job.sql:3:8
//!    |
//!  3 | SELECT amout FROM orders
//!    |        ^^^^^
//!   = help: did you mean "amount"?
//! ```
//!
//! Not `miette`: what it needs for wrapping lines changes the features of crates below DataFusion, which would then be built twice.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};

use levada::{Error, Notice, Position};
use unicode_width::UnicodeWidthStr;

/// A text with statements, and the name to show for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'t> {
    pub name: &'t str,
    pub text: &'t str,
    /// Lines that stand before it in what it was taken from.
    pub lines_before: u32,
}

impl<'t> Text<'t> {
    /// All of a file.
    pub(crate) fn whole(name: &'t str, text: &'t str) -> Self {
        Self { name, text, lines_before: 0 }
    }
}

/// Characters of a source line that are shown around a place.
const LINE_WIDTH_MAX: usize = 160;

/// Prints an error and those that came with it.
pub(crate) fn error(error: &Error, text: Option<Text<'_>>) {
    let paint = Paint::of_stderr();
    say(&render(error, text, paint));
    for also in error.also() {
        say(&render(also, text, paint));
    }
}

/// Prints what is no error.
pub(crate) fn notice(notice: &Notice) {
    let paint = Paint::of_stderr();
    say(&format!("{}: {}\n", paint.title("note", notice.code.name(), "36"), printable(&notice.message)));
}

/// Prints a remark of the program's own.
pub(crate) fn remark(text: &str) {
    say(&format!("{}: {text}\n", Paint::of_stderr().colour("36", "note")));
}

/// Prints to the standard error.
pub(crate) fn say(text: &str) {
    // Nobody is left to be told when the standard error is closed.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Whether escape sequences are welcome.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint(pub bool);

impl Paint {
    fn of_stderr() -> Self {
        Self(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
    }

    pub(crate) fn colour(self, colour: &str, text: &str) -> String {
        if self.0 { format!("\x1b[1;{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        if self.0 { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(crate) fn tint(self, colour: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn title(self, word: &str, code: &str, colour: &str) -> String {
        self.colour(colour, &format!("{word} {code}"))
    }

    fn faint(self, text: &str) -> String {
        self.tint("34", text)
    }
}

/// The whole report of one error.
pub(crate) fn render(error: &Error, text: Option<Text<'_>>, paint: Paint) -> String {
    let title = paint.title("error", error.code().name(), "31");
    let mut report = format!("{title}: {}\n", printable(error.message()));
    if let (Some(text), Some(position)) = (text, error.position()) {
        snippet(&mut report, text, position, paint);
    }
    for (word, said) in [("why", error.reason()), ("help", error.hint())] {
        if let Some(said) = said {
            let mark = paint.faint("=");
            let _ =
                writeln!(report, "  {mark} {}: {}", paint.colour("36", word), printable(said).replace('\n', "\n          "));
        }
    }
    report
}

fn snippet(report: &mut String, text: Text<'_>, position: Position, paint: Paint) {
    let arrow = paint.faint("-->");
    let number = position.line + text.lines_before;
    let _ = writeln!(report, "  {arrow} {}:{number}:{}", text.name, position.column);
    let Some(line) = text.text.lines().nth(position.line.saturating_sub(1) as usize) else { return };
    let (line, before, marked) = window(line, position);
    let number = number.to_string();
    let (bar, margin) = (paint.faint("|"), " ".repeat(number.len()));
    let carets = paint.colour("31", &"^".repeat(marked.width().max(1)));
    let _ = writeln!(report, " {margin} {bar}");
    let _ = writeln!(report, " {} {bar} {}", paint.faint(&number), line.trim_end());
    let _ = writeln!(report, " {margin} {bar} {}{carets}", " ".repeat(before.width()));
}

/// The part of a line that is shown, what stands before the place in it, and what the place covers; tabs become spaces.
fn window(line: &str, position: Position) -> (String, String, String) {
    let clean: Vec<char> = line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let at = (position.column.saturating_sub(1) as usize).min(clean.len());
    let from = if clean.len() <= LINE_WIDTH_MAX { 0 } else { at.saturating_sub(LINE_WIDTH_MAX / 2) };
    let to = clean.len().min(from + LINE_WIDTH_MAX);
    let end = (at + position.length as usize).clamp(at, to);
    let text = |from: usize, to: usize| clean[from..to].iter().collect::<String>();
    (text(from, to), text(from, at), text(at, end))
}

/// Control characters would act on the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() && letter != '\n' { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use levada::codes;

    const TEXT: Text<'_> =
        Text { name: "job.sql", lines_before: 0, text: "CREATE SOURCE s (a INT);\n\tSELECT 'ü', amout FROM s;\n" };

    #[test]
    fn the_caret_stands_under_what_is_wrong() {
        let error = Error::new(codes::LV_S110, "column \"amout\" does not exist")
            .with_reason("\"s\" has a")
            .with_hint("did you mean \"a\"?")
            .at(Position::new(2, 14).covering(5));
        let expected = "error LV-S110: column \"amout\" does not exist\n  --> job.sql:2:14\n   |\n 2 |  SELECT 'ü', amout FROM s;\n   \
                        |              ^^^^^\n  = why: \"s\" has a\n  = help: did you mean \"a\"?\n";
        assert_eq!(render(&error, Some(TEXT), Paint(false)), expected);
    }

    #[test]
    fn a_place_beyond_the_text_is_named_and_not_shown() {
        let error = Error::new(codes::LV_S001, "cut").at(Position::new(9, 3));
        assert_eq!(render(&error, Some(TEXT), Paint(false)), "error LV-S001: cut\n  --> job.sql:9:3\n");
    }

    #[test]
    fn lines_count_from_the_start_of_the_whole() {
        let error = Error::new(codes::LV_S001, "x").at(Position::new(1, 1));
        let report = render(&error, Some(Text { lines_before: 9, ..TEXT }), Paint(false));
        assert!(report.contains("--> job.sql:10:1\n    |\n 10 | CREATE"), "{report}");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let line = "x".repeat(1_000);
        let (shown, before, marked) = window(&line, Position::new(1, 900).covering(5));
        assert_eq!((shown.len(), before.len(), marked.len()), (LINE_WIDTH_MAX.min(181), 80, 5));
    }

    #[test]
    fn escape_sequences_in_a_message_do_not_reach_the_terminal() {
        let error = Error::new(codes::LV_S001, "a\x1b[2Jb");
        assert_eq!(render(&error, None, Paint(false)), "error LV-S001: a [2Jb\n");
    }
}
