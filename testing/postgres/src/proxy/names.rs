//! The prepared statements and portals of one connection: a client sends a text once and then only its name.

use std::collections::HashMap;

use super::message::{Message, text};

#[derive(Debug, Default)]
pub struct Names {
    statements: HashMap<String, String>,
    portals: HashMap<String, String>,
}

impl Names {
    /// Learns from a client's message; the text of the statement that it executes, if it executes one.
    pub fn executed(&mut self, message: &Message) -> Option<String> {
        let body = message.body();
        match message.tag {
            b'Q' => return Some(text(body)?.0),
            b'P' => {
                let (name, rest) = text(body)?;
                self.statements.insert(name, text(rest)?.0);
            }
            b'B' => {
                let (portal, rest) = text(body)?;
                let statement = text(rest)?.0;
                let known = self.statements.get(&statement).cloned();
                self.portals.insert(portal, known.unwrap_or_else(|| format!("(unknown statement \"{statement}\")")));
            }
            b'E' => {
                let (portal, _) = text(body)?;
                let known = self.portals.get(&portal).cloned();
                return Some(known.unwrap_or_else(|| format!("(unknown portal \"{portal}\")")));
            }
            b'C' => {
                let (kind, rest) = body.split_first()?;
                let (name, _) = text(rest)?;
                if *kind == b'S' { &mut self.statements } else { &mut self.portals }.remove(&name);
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn executed(names: &mut Names, tag: u8, body: &[u8]) -> Option<String> {
        names.executed(&Message { tag, bytes: [&[tag, 0, 0, 0, 0], body].concat() })
    }

    #[test]
    fn a_name_stands_for_the_text_it_was_given() {
        let mut names = Names::default();
        assert_eq!(executed(&mut names, b'P', b"s1\0SELECT $1\0\0\0"), None);
        assert_eq!(executed(&mut names, b'P', b"\0SELECT 2\0\0\0"), None);
        assert_eq!(executed(&mut names, b'B', b"p\0s1\0\0\0"), None);
        assert_eq!(executed(&mut names, b'B', b"\0\0\0\0"), None);
        assert_eq!(executed(&mut names, b'E', b"p\0\0\0\0\0").as_deref(), Some("SELECT $1"));
        assert_eq!(executed(&mut names, b'E', b"\0\0\0\0\0").as_deref(), Some("SELECT 2"));
        assert_eq!(executed(&mut names, b'Q', b"BEGIN\0").as_deref(), Some("BEGIN"));
    }

    #[test]
    fn what_was_closed_is_unknown() {
        let mut names = Names::default();
        executed(&mut names, b'P', b"s\0SELECT 1\0\0\0");
        executed(&mut names, b'C', b"Ss\0");
        executed(&mut names, b'B', b"p\0s\0\0\0");
        assert_eq!(executed(&mut names, b'E', b"p\0\0\0\0\0").as_deref(), Some("(unknown statement \"s\")"));
        executed(&mut names, b'C', b"Pp\0");
        assert_eq!(executed(&mut names, b'E', b"p\0\0\0\0\0").as_deref(), Some("(unknown portal \"p\")"));
    }

    #[test]
    fn a_broken_message_executes_nothing() {
        let mut names = Names::default();
        for tag in [b'P', b'B', b'E', b'C', b'Q'] {
            assert_eq!(executed(&mut names, tag, b""), None);
            assert_eq!(executed(&mut names, tag, b"no end"), None);
        }
    }
}
