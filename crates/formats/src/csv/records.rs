//! Bytes to records: where one record ends and where its fields lie.

use std::borrow::Cow;

use levada_base::{Error, Result};
use memchr::{memchr, memchr2};

use super::Dialect;
use crate::fault;
use crate::input::{Input, RECORD_BYTES_MAX};
use crate::value::parse::shown;

/// One field of a record: its place in the record's text without the quotes.
#[derive(Debug, Clone, Copy)]
struct Field {
    start: usize,
    end: usize,
    quoting: Quoting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoting {
    None,
    Plain,
    /// Quoted, with escapes inside.
    Escaped,
}

/// The records of a file, one by one.
pub(super) struct Records {
    input: Input,
    dialect: Dialect,
    fields: Vec<Field>,
    /// Bytes of the present record with its line end; it is still at the front of the input.
    length: usize,
    /// Lines of the present record.
    lines: u64,
    /// The number of the line where the present record begins.
    line: u64,
}

/// What stands at the front of the input.
enum Scan {
    Record {
        length: usize,
        lines: u64,
    },
    /// Its end was not read yet.
    Partial,
    Broken {
        reason: String,
    },
}

impl Records {
    pub(super) fn new(input: Input, dialect: Dialect) -> Self {
        Self { input, dialect, fields: Vec::new(), length: 0, lines: 0, line: 1 }
    }

    pub(super) fn file(&self) -> &str {
        self.input.name()
    }

    /// The line where the present record begins, counted from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// How many fields the present record has.
    pub(super) fn width(&self) -> usize {
        self.fields.len()
    }

    /// Goes to the next record, whatever it holds; `false` at the end of the file. A file of `width` 1 has NULLs in empty lines, any
    /// other passes over them.
    pub(super) fn advance(&mut self, width: usize) -> Result<bool> {
        loop {
            self.input.consume(self.length);
            self.line += self.lines;
            (self.length, self.lines) = (0, 0);
            if !self.scan_one()? {
                return Ok(false);
            }
            let is_empty = matches!(self.fields[..], [Field { start: 0, end: 0, quoting: Quoting::None }]);
            if !is_empty || width == 1 {
                return Ok(true);
            }
        }
    }

    /// Finds the end of the record at the front of the input, reading on as needed.
    fn scan_one(&mut self) -> Result<bool> {
        loop {
            if self.input.bytes().is_empty() && self.input.is_ended() {
                return Ok(false);
            }
            match scan(self.input.bytes(), self.input.is_ended(), &self.dialect, &mut self.fields) {
                Scan::Record { length, lines } => {
                    (self.length, self.lines) = (length, lines);
                    return Ok(true);
                }
                Scan::Partial if self.input.bytes().len() > RECORD_BYTES_MAX => {
                    return Err(self.broken(format!("the row is longer than {RECORD_BYTES_MAX} bytes")));
                }
                Scan::Partial => self.input.read_more()?,
                Scan::Broken { reason } => return Err(self.broken(reason)),
            }
        }
    }

    /// A row that can't be told from the next: nothing after it can be read.
    fn broken(&mut self, reason: String) -> Error {
        let start = String::from_utf8_lossy(&self.input.bytes()[..self.input.bytes().len().min(400)]).into_owned();
        fault::bad_row(self.file(), self.line, None, format!("{reason}: {}", shown(&start)))
    }

    /// The text of the present record.
    pub(super) fn text(&self) -> Result<&str> {
        let bytes = &self.input.bytes()[..self.length];
        std::str::from_utf8(bytes).map_err(|_| {
            let text = String::from_utf8_lossy(bytes);
            fault::bad_row(self.file(), self.line, None, format!("{} is not UTF-8", shown(text.trim_end())))
        })
    }

    /// A field of the present record, whose text is `text`; `None` if it is the unquoted NULL text.
    pub(super) fn field<'a>(&self, text: &'a str, at: usize) -> Option<Cow<'a, str>> {
        let field = self.fields[at];
        let inside = &text[field.start..field.end];
        match field.quoting {
            Quoting::None if inside == self.dialect.null => None,
            Quoting::None | Quoting::Plain => Some(Cow::Borrowed(inside)),
            Quoting::Escaped => Some(Cow::Owned(unescape(inside, &self.dialect))),
        }
    }

    /// A field as it stands, quotes and NULL text not looked at; for headers.
    pub(super) fn name(&self, text: &str, at: usize) -> String {
        self.field(text, at).map_or_else(|| self.dialect.null.clone(), Cow::into_owned)
    }
}

fn unescape(inside: &str, dialect: &Dialect) -> String {
    let mut out = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        if character == char::from(dialect.escape) {
            out.extend(characters.next());
        } else {
            out.push(character);
        }
    }
    out
}

/// Finds the first record of `bytes`; `ended` says that nothing comes after them.
fn scan(bytes: &[u8], ended: bool, dialect: &Dialect, fields: &mut Vec<Field>) -> Scan {
    fields.clear();
    let (mut at, mut lines) = (0, 1);
    loop {
        let quoted = bytes.get(at) == Some(&dialect.quote);
        let (field, next) = if quoted {
            match quoted_field(bytes, at, ended, dialect) {
                Ok(found) => found,
                Err(scan) => return scan,
            }
        } else {
            match memchr2(dialect.delimiter, b'\n', &bytes[at..]) {
                Some(length) => (Field { start: at, end: at + length, quoting: Quoting::None }, at + length),
                None if ended => (Field { start: at, end: bytes.len(), quoting: Quoting::None }, bytes.len()),
                None => return Scan::Partial,
            }
        };
        if quoted {
            lines += memchr::memchr_iter(b'\n', &bytes[field.start..field.end]).count() as u64;
        }
        fields.push(field);
        if bytes.get(next) == Some(&dialect.delimiter) {
            at = next + 1;
            continue;
        }
        if let Some(last) = fields.last_mut()
            && last.quoting == Quoting::None
            && last.end > last.start
            && bytes[last.end - 1] == b'\r'
        {
            last.end -= 1;
        }
        return Scan::Record { length: (next + 1).min(bytes.len()), lines };
    }
}

/// The quoted field that begins at `start`, and where its delimiter or line end stands.
fn quoted_field(bytes: &[u8], start: usize, ended: bool, dialect: &Dialect) -> Result<(Field, usize), Scan> {
    let inside = start + 1;
    let (end, quoting) = closing_quote(bytes, inside, dialect).ok_or_else(|| {
        if ended { Scan::Broken { reason: "a quote is opened and never closed".to_owned() } } else { Scan::Partial }
    })?;
    let field = Field { start: inside, end, quoting };
    let after = end + 1;
    match &bytes[after..] {
        [] | [b'\r'] if !ended => Err(Scan::Partial),
        [] | [b'\r'] => Ok((field, bytes.len())),
        [b'\r', b'\n', ..] => Ok((field, after + 1)),
        [byte, ..] if *byte == dialect.delimiter || *byte == b'\n' => Ok((field, after)),
        _ => Err(Scan::Broken { reason: "text follows a closing quote".to_owned() }),
    }
}

/// Where the quote that closes the field stands. A quote at the very end of `bytes` may be the first half of an escaped one: then the
/// caller sees that nothing follows it, and looks again with more bytes.
fn closing_quote(bytes: &[u8], mut at: usize, dialect: &Dialect) -> Option<(usize, Quoting)> {
    let mut quoting = Quoting::Plain;
    loop {
        if dialect.escape == dialect.quote {
            at += memchr(dialect.quote, bytes.get(at..)?)?;
            if bytes.get(at + 1) != Some(&dialect.quote) {
                return Some((at, quoting));
            }
        } else {
            at += memchr2(dialect.quote, dialect.escape, bytes.get(at..)?)?;
            if bytes[at] == dialect.quote {
                return Some((at, quoting));
            }
        }
        quoting = Quoting::Escaped;
        at += 2;
    }
}
