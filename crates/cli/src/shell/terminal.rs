//! Lines from a terminal: history, many lines for one statement, completion.

use std::borrow::Cow;
use std::path::PathBuf;

use levada::{Error, Result, codes};
use reedline::{
    ColumnarMenu, DefaultHinter, EditCommand, Emacs, FileBackedHistory, KeyCode, KeyModifiers, MenuBuilder, Prompt,
    PromptEditMode, PromptHistorySearch, Reedline, ReedlineEvent, ReedlineMenu, Signal, ValidationResult, Validator,
    default_emacs_keybindings,
};

use super::completer::SqlCompleter;
use super::highlighter::SqlHighlighter;
use super::{Next, Shell};
use crate::report::{self, Text};

const MENU: &str = "completions";
const HISTORY_LINES_MAX: usize = 10_000;

/// Reads lines until the user leaves.
///
/// # Errors
/// `LV-C010` if the terminal can't be read.
pub(super) fn read(shell: &mut Shell) -> Result<()> {
    let hello = format!("Levada {}. A statement ends with ; and \\? lists the commands.\n", env!("CARGO_PKG_VERSION"));
    shell.session.screen.print(&hello)?;
    let mut editor = editor(shell);
    loop {
        let line = editor
            .read_line(&SqlPrompt)
            .map_err(|cause| Error::new(codes::LV_C010, "the terminal can't be read").with_reason(cause.to_string()))?;
        match line {
            Signal::Success(line) if line.trim().is_empty() => {}
            Signal::Success(line) if shell.feed(Text::whole("input", &line)) == Next::Quit => return Ok(()),
            Signal::CtrlD => return Ok(()),
            _ => {}
        }
    }
}

fn editor(shell: &Shell) -> Reedline {
    let mut keys = default_emacs_keybindings();
    let complete = ReedlineEvent::UntilFound(vec![ReedlineEvent::Menu(MENU.to_owned()), ReedlineEvent::MenuNext]);
    keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, complete);
    keys.add_binding(KeyModifiers::SHIFT, KeyCode::BackTab, ReedlineEvent::MenuPrevious);
    keys.add_binding(KeyModifiers::ALT, KeyCode::Enter, ReedlineEvent::Edit(vec![EditCommand::InsertNewline]));
    let database = shell.session.database.clone();
    let editor = Reedline::create()
        .with_edit_mode(Box::new(Emacs::new(keys)))
        .with_validator(Box::new(StatementValidator))
        .with_completer(Box::new(SqlCompleter::new(move || database.names())))
        .with_menu(ReedlineMenu::EngineCompleter(Box::new(ColumnarMenu::default().with_name(MENU))))
        .with_hinter(Box::new(DefaultHinter::default()))
        .with_quick_completions(true)
        .with_ansi_colors(shell.session.screen.paint().0)
        .with_highlighter(Box::new(SqlHighlighter));
    let history = history_file().map(|file| FileBackedHistory::with_file(HISTORY_LINES_MAX, file));
    match history {
        Some(Ok(history)) => editor.with_history(Box::new(history)),
        Some(Err(error)) => {
            report::remark(&format!("lines are not remembered: {error}"));
            editor
        }
        None => editor,
    }
}

/// Where lines are remembered: as the XDG base directory specification says for state.
fn history_file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let state = state.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")))?;
    Some(state.join("levada/history"))
}

/// Enter ends the input where a statement ends.
struct StatementValidator;

impl Validator for StatementValidator {
    fn validate(&self, line: &str) -> ValidationResult {
        let alone = line.trim();
        let needs_no_end = alone.is_empty() || alone.starts_with('\\') || matches!(alone, "quit" | "exit" | "help");
        if needs_no_end || levada_sql::split(line).is_complete() {
            ValidationResult::Complete
        } else {
            ValidationResult::Incomplete
        }
    }
}

struct SqlPrompt;

impl Prompt for SqlPrompt {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        Cow::Borrowed("levada")
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }

    fn render_prompt_indicator(&self, _mode: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed("> ")
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Borrowed("     -> ")
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        Cow::Owned(format!(" (search: {}) ", search.term))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enter_goes_on_until_the_statement_ends() {
        let complete = |line| matches!(StatementValidator.validate(line), ValidationResult::Complete);
        let cases = [
            ("SELECT 1", false),
            ("SELECT 1;", true),
            ("SELECT ';", false),
            ("\\d", true),
            ("", true),
            ("SELECT 1; SELECT", false),
        ];
        for (line, expected) in cases {
            assert_eq!(complete(line), expected, "{line}");
        }
    }
}
