//! Colours while typing: keywords, texts, numbers and comments. Only looks; nothing depends on it being right.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use reedline::{Color, Highlighter, StyledText};

/// The single words of the keywords.
static WORDS: LazyLock<BTreeSet<&str>> =
    LazyLock::new(|| levada_sql::KEYWORDS.iter().flat_map(|words| words.split(' ')).collect());

/// Colours SQL.
pub(super) struct SqlHighlighter;

/// What a part of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Keyword,
    Text,
    Number,
    Comment,
    Other,
}

impl Highlighter for SqlHighlighter {
    fn highlight(&self, line: &str, _cursor: usize) -> StyledText {
        let mut styled = StyledText::new();
        for (part, text) in parts(line) {
            let style = match part {
                Part::Keyword => Color::Blue.bold(),
                Part::Text => Color::Green.normal(),
                Part::Number => Color::Cyan.normal(),
                Part::Comment => Color::DarkGray.normal(),
                Part::Other => Color::Default.normal(),
            };
            styled.push((style, text.to_owned()));
        }
        styled
    }
}

/// Cuts a line into parts, which joined are the line again.
fn parts(line: &str) -> Vec<(Part, &str)> {
    let mut parts = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let (part, length) = match first {
            '\'' => (Part::Text, rest[1..].find('\'').map_or(rest.len(), |end| end + 2)),
            '-' if rest.starts_with("--") => (Part::Comment, rest.find('\n').unwrap_or(rest.len())),
            letter if letter.is_alphabetic() || letter == '_' => {
                let length = rest.find(|letter: char| !(letter.is_alphanumeric() || letter == '_')).unwrap_or(rest.len());
                let known = WORDS.contains(rest[..length].to_uppercase().as_str());
                (if known { Part::Keyword } else { Part::Other }, length)
            }
            digit if digit.is_ascii_digit() => {
                (Part::Number, rest.find(|letter: char| !(letter.is_ascii_digit() || letter == '.')).unwrap_or(rest.len()))
            }
            other => (Part::Other, other.len_utf8()),
        };
        parts.push((part, &rest[..length]));
        rest = &rest[length..];
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_the_line_again() {
        for line in ["SELECT 'ü', x_1 -- ö\nFROM t", "'open", "1.5e3 äö", ""] {
            assert_eq!(parts(line).iter().map(|(_, text)| *text).collect::<String>(), line);
        }
    }

    #[test]
    fn keywords_texts_and_comments_are_told_apart() {
        let parts = parts("select 'from' -- from");
        assert_eq!(
            (parts[0], parts[2], parts[4]),
            ((Part::Keyword, "select"), (Part::Text, "'from'"), (Part::Comment, "-- from"))
        );
    }
}
