//! The tokens of a file as one flat list. Unlike a syntax tree it sees into macro calls, and unlike text it never takes a
//! comment or a string for code.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One token and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

/// All tokens in the order of the text; brackets are tokens of their own.
pub fn flat(stream: &TokenStream) -> Vec<Token> {
    let mut found = Vec::new();
    collect(stream.clone(), &mut found);
    found
}

/// The places where `pattern` (tokens with spaces between) begins; `"…"` stands for any literal.
pub fn places<'a>(tokens: &'a [Token], pattern: &str) -> impl Iterator<Item = &'a [Token]> {
    let pattern: Vec<String> = pattern.split(' ').map(str::to_owned).collect();
    tokens.windows(pattern.len()).filter(move |window| window.iter().zip(&pattern).all(|(token, wanted)| fits(token, wanted)))
}

fn fits(token: &Token, wanted: &str) -> bool {
    token.text == wanted || (wanted == "\"…\"" && token.text.starts_with('"'))
}

fn collect(stream: TokenStream, found: &mut Vec<Token>) {
    for tree in stream {
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = brackets(group.delimiter());
                found.push(Token { text: open.to_owned(), line: group.span_open().start().line });
                collect(group.stream(), found);
                found.push(Token { text: close.to_owned(), line: group.span_close().end().line });
            }
            other => found.push(Token { text: other.to_string(), line: other.span().start().line }),
        }
    }
}

fn brackets(delimiter: Delimiter) -> (&'static str, &'static str) {
    match delimiter {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => ("", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macro_calls_are_seen_into_and_comments_are_not() -> Result<(), proc_macro2::LexError> {
        let stream: TokenStream = "// x.unwrap()\nassert!(y\n.unwrap(), \"z.unwrap()\");".parse()?;
        let tokens = flat(&stream);
        let found: Vec<usize> = places(&tokens, ". unwrap (").map(|window| window[0].line).collect();
        assert_eq!(found, [3]);
        assert_eq!(places(&tokens, ", \"…\"").count(), 1);
        Ok(())
    }
}
