//! A place in a statement's text.

use std::fmt;

/// Line and column, both from 1, and how many characters the place covers (at least 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub line: u32,
    pub column: u32,
    pub length: u32,
}

impl Position {
    /// A place of one character.
    #[must_use]
    pub const fn new(line: u32, column: u32) -> Self {
        Self { line, column, length: 1 }
    }

    /// The same start, covering `length` characters.
    #[must_use]
    pub const fn covering(mut self, length: u32) -> Self {
        self.length = if length == 0 { 1 } else { length };
        self
    }

    /// The byte offset of this place in `text`, or the end of `text` where it lies beyond it.
    #[must_use]
    pub fn offset_in(&self, text: &str) -> usize {
        let mut offset = 0;
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            if number == self.line {
                let skip = self.column.saturating_sub(1) as usize;
                return offset + line.char_indices().nth(skip).map_or(line.trim_end_matches('\n').len(), |(at, _)| at);
            }
            offset += line.len();
        }
        text.len()
    }
}

impl fmt::Display for Position {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}, column {}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offset_counts_characters_not_bytes() {
        let text = "SELECT 'ü',\n  x FROM t";
        assert_eq!(&text[Position::new(2, 3).offset_in(text)..][..1], "x");
        assert_eq!(&text[Position::new(1, 11).offset_in(text)..][..1], ",");
        assert_eq!(Position::new(9, 1).offset_in(text), text.len());
    }
}
