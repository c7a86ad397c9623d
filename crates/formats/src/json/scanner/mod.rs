//! A strict reader of JSON text, front to back, that builds no tree.

mod strings;

use std::borrow::Cow;
use std::collections::HashSet;

/// Arrays and objects inside one another that are read; a bound on the stack.
pub(super) const NESTING_MAX: usize = 128;

/// Member names that are compared one by one before a hash set is made of them.
const NAMES_COMPARED_MAX: usize = 16;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ahead {
    Object,
    Array,
    String,
    Number,
    Bool,
    Null,
}

/// A place in a JSON text.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The text from here to where `end` stands.
    pub(super) fn rest_until(&self, end: &Self) -> &'a str {
        &self.text[self.at..end.at]
    }

    /// What is wrong here.
    pub(super) fn unexpected(&self, wanted: &str) -> String {
        match self.text[self.at..].chars().next() {
            None => format!("{wanted} is missing at the end of the line"),
            Some(found) => format!("{wanted} is expected at byte {}, not '{}'", self.at + 1, found.escape_default()),
        }
    }

    fn expect(&mut self, byte: u8, wanted: &str) -> Result<(), String> {
        if self.byte() != Some(byte) {
            return Err(self.unexpected(wanted));
        }
        self.at += 1;
        Ok(())
    }

    /// Nothing but space may follow.
    pub(super) fn end(&mut self) -> Result<(), String> {
        self.skip_space();
        if self.at == self.text.len() { Ok(()) } else { Err(self.unexpected("the end of the line")) }
    }

    /// The kind of the value that comes next.
    pub(super) fn ahead(&mut self) -> Result<Ahead, String> {
        self.skip_space();
        match self.byte() {
            Some(b'{') => Ok(Ahead::Object),
            Some(b'[') => Ok(Ahead::Array),
            Some(b'"') => Ok(Ahead::String),
            Some(b'-' | b'0'..=b'9') => Ok(Ahead::Number),
            Some(b't' | b'f') => Ok(Ahead::Bool),
            Some(b'n') => Ok(Ahead::Null),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), String> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.unexpected("true, false or null"));
        }
        self.at += word.len();
        Ok(())
    }

    pub(super) fn null(&mut self) -> Result<(), String> {
        self.word("null")
    }

    pub(super) fn bool(&mut self) -> Result<bool, String> {
        let value = self.byte() == Some(b't');
        self.word(if value { "true" } else { "false" })?;
        Ok(value)
    }

    /// A number, as it is written.
    pub(super) fn number(&mut self) -> Result<&'a str, String> {
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> Result<(), String> {
        let count = self.text.as_bytes()[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return Err(self.unexpected("a digit"));
        }
        self.at += count;
        Ok(())
    }

    /// Reads an object; `member` is called before each value and must pass over it. A name that comes twice is an error.
    pub(super) fn object<W: From<String>>(
        &mut self,
        depth: usize,
        mut member: impl FnMut(&mut Self, &str) -> Result<(), W>,
    ) -> Result<(), W> {
        too_deep(depth)?;
        self.expect(b'{', "an object")?;
        self.skip_space();
        if self.byte() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        let mut seen = Seen::default();
        loop {
            self.skip_space();
            let name = self.string()?;
            self.skip_space();
            self.expect(b':', "':'")?;
            self.skip_space();
            member(self, &name)?;
            seen.add(name)?;
            self.skip_space();
            if self.byte() == Some(b',') {
                self.at += 1;
                continue;
            }
            return Ok(self.expect(b'}', "',' or '}'")?);
        }
    }

    /// Reads an array; `item` is called before each value and must pass over it.
    pub(super) fn array<W: From<String>>(
        &mut self,
        depth: usize,
        mut item: impl FnMut(&mut Self) -> Result<(), W>,
    ) -> Result<(), W> {
        too_deep(depth)?;
        self.expect(b'[', "an array")?;
        self.skip_space();
        if self.byte() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.skip_space();
            item(self)?;
            self.skip_space();
            if self.byte() == Some(b',') {
                self.at += 1;
                continue;
            }
            return Ok(self.expect(b']', "',' or ']'")?);
        }
    }

    /// Passes over a value of any kind, which must be right all the same.
    pub(super) fn skip(&mut self, depth: usize) -> Result<(), String> {
        match self.ahead()? {
            Ahead::Object => self.object(depth, |scanner, _| scanner.skip(depth + 1)),
            Ahead::Array => self.array(depth, |scanner| scanner.skip(depth + 1)),
            Ahead::String => self.string().map(drop),
            Ahead::Number => self.number().map(drop),
            Ahead::Bool => self.bool().map(drop),
            Ahead::Null => self.null(),
        }
    }
}

fn too_deep(depth: usize) -> Result<(), String> {
    if depth < NESTING_MAX { Ok(()) } else { Err(format!("arrays and objects are nested more than {NESTING_MAX} deep")) }
}

/// The member names of one object.
#[derive(Default)]
struct Seen<'a> {
    few: Vec<Cow<'a, str>>,
    many: HashSet<Cow<'a, str>>,
}

impl<'a> Seen<'a> {
    fn add(&mut self, name: Cow<'a, str>) -> Result<(), String> {
        if self.few.contains(&name) || self.many.contains(&name) {
            return Err(format!("the name \"{}\" comes twice in one object", name.escape_debug()));
        }
        if self.few.len() < NAMES_COMPARED_MAX {
            self.few.push(name);
        } else {
            self.many.insert(name);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn accepts(text: &str) -> Result<(), String> {
        let mut scanner = Scanner::new(text);
        scanner.skip(0)?;
        scanner.end()
    }

    fn document() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::Array),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_another_reader_accepts_and_refuses_is_the_same(
            document in document(), cut in any::<prop::sample::Index>(), byte in any::<char>(), kind in 0..4,
        ) {
            let mut text = document.to_string();
            let at = (0..=cut.index(text.len() + 1)).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
            match kind {
                0 => text.truncate(at),
                1 => text.insert(at, byte),
                2 => text.insert_str(at, ["\\", "\"", ",", "}", "]", "0", "-", "e", "u", "."][cut.index(10)]),
                _ => {}
            }
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            // The other reader lets a repeated name win and refuses numbers beyond an f64; here names are unique and numbers stay text.
            let ours = accepts(&text);
            let excused = ours.as_ref().is_err_and(|reason| reason.contains("comes twice"))
                || theirs.as_ref().is_err_and(|error| error.to_string().contains("out of range"));
            prop_assert!(excused || ours.is_ok() == theirs.is_ok(), "{text}: {ours:?}, {theirs:?}");
        }
    }

    #[test]
    fn nesting_is_bounded_and_names_are_unique() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(accepts(&nested(NESTING_MAX)), Ok(()));
        assert!(accepts(&nested(NESTING_MAX + 1)).unwrap_err().contains("nested"));
        assert!(accepts(&"[".repeat(5_000_000)).unwrap_err().contains("nested"));
        assert!(accepts(r#"{"a":1,"b":{"c":1,"c":2}}"#).unwrap_err().contains("\"c\" comes twice"));
        let many: Vec<String> = (0..40).map(|at| format!("\"{}\":0", at % 39)).collect();
        assert!(accepts(&format!("{{{}}}", many.join(","))).unwrap_err().contains("\"0\" comes twice"));
    }
}
