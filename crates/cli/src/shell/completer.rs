//! Completion of the word before the cursor: names of the catalog first, then keywords, in the case that was begun.

use reedline::{Completer, CompletionResult, Span, Suggestion};

/// Completes from the keywords and from the names there are at the moment.
pub(super) struct SqlCompleter<F> {
    names: F,
}

const COMMANDS: &[&str] = &["\\d", "\\live", "\\timing", "\\?", "\\q"];

impl<F: FnMut() -> Vec<String>> SqlCompleter<F> {
    pub(super) fn new(names: F) -> Self {
        Self { names }
    }

    /// The words that the text before the cursor may be completed to, and where the word begins that they replace.
    fn words(&mut self, before: &str) -> (usize, Vec<String>) {
        let start = before
            .rfind(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == '\\'))
            .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let begun = &before[start..];
        if begun.is_empty() {
            return (start, Vec::new());
        }
        if begun.starts_with('\\') {
            return (start, COMMANDS.iter().filter(|command| command.starts_with(begun)).map(ToString::to_string).collect());
        }
        let begins = |word: &str| word.get(..begun.len()).is_some_and(|front| front.eq_ignore_ascii_case(begun));
        let mut words: Vec<String> = (self.names)().into_iter().filter(|name| begins(name)).map(quoted).collect();
        words.sort();
        let lower = begun.chars().all(|letter| !letter.is_uppercase());
        let keywords = levada_sql::KEYWORDS.iter().filter(|word| begins(word));
        words.extend(keywords.map(|word| if lower { word.to_lowercase() } else { (*word).to_owned() }));
        (start, words)
    }
}

/// A name that would be read otherwise needs its quotes.
fn quoted(name: String) -> String {
    let plain = name.chars().all(|letter| letter == '_' || letter.is_ascii_lowercase() || letter.is_ascii_digit());
    if plain { name } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

impl<F: FnMut() -> Vec<String>> Completer for SqlCompleter<F> {
    fn complete(&mut self, line: &str, position: usize) -> CompletionResult {
        let (start, words) = self.words(&line[..position]);
        let span = Span::new(start, position);
        let suggestion = |value| Suggestion { value, span, append_whitespace: true, ..Suggestion::default() };
        CompletionResult::fresh(words.into_iter().map(suggestion).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(before: &str) -> (usize, Vec<String>) {
        SqlCompleter::new(|| vec!["select_log".to_owned(), "Orders".to_owned(), "bids".to_owned()]).words(before)
    }

    #[test]
    fn names_come_before_keywords_and_keep_the_case_that_was_begun() {
        assert_eq!(words("sel"), (0, vec!["select_log".to_owned(), "select".to_owned()]));
        assert_eq!(words("SELECT 'ü', SEL").1, ["select_log", "SELECT"]);
    }

    #[test]
    fn a_name_that_needs_quotes_gets_them() {
        assert!(words("SELECT * FROM ord").1.contains(&"\"Orders\"".to_owned()));
    }

    #[test]
    fn nothing_begun_completes_to_nothing() {
        assert_eq!(words("SELECT "), (7, Vec::new()));
        assert_eq!(words("\\l"), (0, vec!["\\live".to_owned()]));
    }
}
