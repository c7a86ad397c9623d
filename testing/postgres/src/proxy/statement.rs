//! SQL as far as a proxy must read it: where a statement ends, and whether it begins or ends a transaction. Not a parser.

/// A statement that was forwarded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Connections are numbered from 1.
    pub connection: u64,
    pub text: String,
    pub kind: Kind,
}

/// What a statement is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `BEGIN`, `START TRANSACTION`.
    Begin,
    /// `COMMIT`, `END`.
    Commit,
    /// `ROLLBACK`, `ABORT`; not to a savepoint.
    Rollback,
    /// `SET`, `RESET`.
    Setting,
    Work,
}

impl Kind {
    pub fn of(text: &str) -> Self {
        let mut words = text.split(|symbol: char| !symbol.is_alphanumeric()).filter(|word| !word.is_empty());
        let first = words.next().unwrap_or_default().to_ascii_uppercase();
        let mut to = || words.any(|word| word.eq_ignore_ascii_case("to"));
        match first.as_str() {
            "BEGIN" | "START" => Self::Begin,
            "COMMIT" | "END" => Self::Commit,
            "ROLLBACK" if to() => Self::Work,
            "ROLLBACK" | "ABORT" => Self::Rollback,
            "SET" | "RESET" => Self::Setting,
            _ => Self::Work,
        }
    }
}

/// The statements of a request, without comments around them.
pub fn split(sql: &str) -> Vec<String> {
    let mut statements = Vec::new();
    let mut current = String::new();
    let mut rest = sql;
    while let Some(symbol) = rest.chars().next() {
        let comment = comment(rest);
        let taken = if comment > 0 { comment } else { quoted(rest, &current).max(symbol.len_utf8()) };
        let (piece, after) = rest.split_at(taken);
        rest = after;
        match piece {
            ";" => keep(&mut statements, &mut current),
            _ if comment > 0 => current.push(' '),
            _ => current.push_str(piece),
        }
    }
    keep(&mut statements, &mut current);
    statements
}

fn keep(statements: &mut Vec<String>, current: &mut String) {
    let statement = current.trim();
    if !statement.is_empty() {
        statements.push(statement.to_owned());
    }
    current.clear();
}

/// How many bytes of a comment the text begins with. One that is not closed reaches to the end.
fn comment(text: &str) -> usize {
    if text.starts_with("--") {
        return text.find('\n').unwrap_or(text.len());
    }
    if !text.starts_with("/*") {
        return 0;
    }
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let pair = text.as_bytes().get(at..at + 2).unwrap_or_default();
        match pair {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {}
        }
        at += if matches!(pair, b"/*" | b"*/") { 2 } else { 1 };
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// How many bytes of a quoted text or name the text begins with. A doubled quote ends one and begins the next.
fn quoted(text: &str, before: &str) -> usize {
    let whole = |opening: usize, closing: &str| {
        text[opening..].find(closing).map_or(text.len(), |length| opening + length + closing.len())
    };
    let escapes = before.ends_with(['e', 'E']) && !before[..before.len() - 1].ends_with(is_word);
    match text.as_bytes()[0] {
        b'\'' if escapes => escaped(text),
        b'\'' => whole(1, "'"),
        b'"' => whole(1, "\""),
        b'$' if !before.ends_with(is_word) => match text[1..].find('$') {
            Some(end) if text[1..=end].chars().all(is_word) && !text[1..].starts_with(|first: char| first.is_ascii_digit()) => {
                let tag = &text[..end + 2];
                whole(tag.len(), tag)
            }
            _ => 0,
        },
        _ => 0,
    }
}

/// `E'…'`: a backslash takes the next byte with it.
fn escaped(text: &str) -> usize {
    let mut bytes = text.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\'' => return at + 1,
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
    text.len()
}

fn is_word(symbol: char) -> bool {
    symbol.is_alphanumeric() || symbol == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_semicolon_between_statements_splits() {
        let cases: [(&str, &[&str]); 11] = [
            ("", &[]),
            (" ;; ", &[]),
            ("BEGIN; SET LOCAL x = 1;COMMIT", &["BEGIN", "SET LOCAL x = 1", "COMMIT"]),
            ("SELECT ';', \"a;b\"; SELECT 2", &["SELECT ';', \"a;b\"", "SELECT 2"]),
            ("SELECT 'it''s; one'", &["SELECT 'it''s; one'"]),
            (r"SELECT E'\'; one'; SELECT 2", &[r"SELECT E'\'; one'", "SELECT 2"]),
            ("DO $$ a; b $$; DO $x$ $$; $x$", &["DO $$ a; b $$", "DO $x$ $$; $x$"]),
            ("SELECT $1; SELECT $2", &["SELECT $1", "SELECT $2"]),
            ("/* a; /* b; */ c */ COMMIT -- d;\n; SELECT 1", &["COMMIT", "SELECT 1"]),
            ("SELECT 'open; ", &["SELECT 'open;"]),
            ("SELECT 'ü;ß', a$b$c; SELECT 'é'", &["SELECT 'ü;ß', a$b$c", "SELECT 'é'"]),
        ];
        for (sql, expected) in cases {
            assert_eq!(split(sql), expected, "{sql}");
        }
    }

    #[test]
    fn kinds_are_told_by_the_first_word() {
        let cases = [
            ("begin isolation level read committed", Kind::Begin),
            ("START TRANSACTION", Kind::Begin),
            ("Commit", Kind::Commit),
            ("END", Kind::Commit),
            ("ROLLBACK", Kind::Rollback),
            ("ROLLBACK TO SAVEPOINT a", Kind::Work),
            ("SET LOCAL statement_timeout = 1", Kind::Setting),
            ("SELECT 1", Kind::Work),
            ("", Kind::Work),
        ];
        for (text, expected) in cases {
            assert_eq!(Kind::of(text), expected, "{text}");
        }
    }
}
