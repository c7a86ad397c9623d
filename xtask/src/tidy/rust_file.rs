//! A parsed Rust file and which of its lines are test code: all of them, or those under `#[cfg(test)]` and `#[test]`.

use std::ops::RangeInclusive;

use proc_macro2::{Span, TokenStream};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItemFn, Item, ItemFn, Meta};

pub struct RustFile {
    pub path: String,
    pub syntax: syn::File,
    pub tokens: TokenStream,
    /// How many lines it has, tests included.
    pub lines: usize,
    /// Names of the modules that are declared for tests only and stand in files of their own.
    pub test_modules: Vec<String>,
    test_lines: Vec<RangeInclusive<usize>>,
}

impl RustFile {
    pub fn parse(path: &str, text: &str) -> syn::Result<Self> {
        let tokens: TokenStream = text.parse().map_err(syn::Error::from)?;
        let syntax = syn::parse_file(text)?;
        let mut found = TestLines::default();
        found.visit_file(&syntax);
        let lines = text.lines().count();
        let test_modules = syntax.items.iter().filter_map(test_module).collect();
        Ok(Self { path: path.to_owned(), syntax, tokens, lines, test_modules, test_lines: found.0 })
    }

    /// Says that the file is compiled for tests only.
    pub fn make_test(&mut self) {
        self.test_lines = vec![1..=self.lines];
    }

    /// The crate under `crates/` that the file ships with; none for tests, examples, harnesses and tools.
    pub fn ships_with(&self) -> Option<&str> {
        let (name, rest) = self.path.strip_prefix("crates/")?.split_once('/')?;
        rest.starts_with("src/").then_some(name)
    }

    /// The line is in a test or a benchmark.
    pub fn is_test_line(&self, line: usize) -> bool {
        is_test_path(&self.path) || self.test_lines.iter().any(|range| range.contains(&line))
    }

    /// Lines that count for its size: tests stand apart.
    pub fn own_lines(&self) -> usize {
        (1..=self.lines).filter(|line| !self.is_test_line(*line)).count()
    }
}

/// A file below `tests` or `benches`, or one named `tests.rs`.
pub fn is_test_path(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "benches" | "tests.rs"))
}

/// Part of a harness: sources like any other, but they serve tests only.
pub fn is_harness_path(path: &str) -> bool {
    path.starts_with("testing/")
}

/// Where the modules that a file declares are looked for; a root is where cargo begins to compile.
pub fn module_directory(path: &str, is_root: bool) -> String {
    if is_root || path.ends_with("/mod.rs") { parent(path).to_owned() } else { path.trim_end_matches(".rs").to_owned() }
}

/// The directory of a file; empty for the root.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// First and last line, from 1.
pub fn lines_of(span: Span) -> RangeInclusive<usize> {
    span.start().line..=span.end().line
}

fn test_module(item: &Item) -> Option<String> {
    match item {
        Item::Mod(module) if module.content.is_none() && module.attrs.iter().any(is_test_attribute) => {
            Some(module.ident.to_string())
        }
        _ => None,
    }
}

#[derive(Default)]
struct TestLines(Vec<RangeInclusive<usize>>);

impl TestLines {
    fn note(&mut self, attributes: &[Attribute], span: Span) -> bool {
        let test = attributes.iter().any(is_test_attribute);
        if test {
            self.0.push(lines_of(span));
        }
        test
    }
}

impl<'ast> Visit<'ast> for TestLines {
    fn visit_item(&mut self, item: &'ast Item) {
        if !self.note(attributes_of(item), item.span()) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        if !self.note(&function.attrs, function.span()) {
            visit::visit_impl_item_fn(self, function);
        }
    }
}

fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(ItemFn { attrs, .. }) => attrs,
        Item::Mod(found) => &found.attrs,
        Item::Impl(found) => &found.attrs,
        Item::Struct(found) => &found.attrs,
        Item::Enum(found) => &found.attrs,
        Item::Const(found) => &found.attrs,
        Item::Static(found) => &found.attrs,
        Item::Use(found) => &found.attrs,
        Item::Macro(found) => &found.attrs,
        Item::Trait(found) => &found.attrs,
        Item::Type(found) => &found.attrs,
        _ => &[],
    }
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]` and `#[cfg(all(test, …))]`, but not `#[cfg(not(test))]`.
fn is_test_attribute(attribute: &Attribute) -> bool {
    if attribute.path().segments.last().is_some_and(|last| last.ident == "test") {
        return true;
    }
    let Meta::List(list) = &attribute.meta else { return false };
    let words = list.tokens.to_string();
    list.path.is_ident("cfg")
        && words.split(|c: char| !c.is_alphanumeric()).any(|word| word == "test")
        && !words.contains("not")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_code_is_told_from_the_rest() -> syn::Result<()> {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n#[cfg(not(test))]\nfn c() {}\n#[tokio::test]\nasync fn d() {}\n";
        let file = RustFile::parse("crates/x/src/a.rs", text)?;
        let tests: Vec<usize> = (1..=file.lines).filter(|line| file.is_test_line(*line)).collect();
        assert_eq!(tests, [2, 3, 4, 5, 8, 9]);
        assert_eq!(file.own_lines(), 3);
        Ok(())
    }

    #[test]
    fn test_files_are_known_by_their_path() {
        for path in ["crates/x/tests/a.rs", "crates/x/src/ops/join/tests.rs", "crates/x/benches/b.rs"] {
            assert!(is_test_path(path), "{path}");
        }
        assert!(!is_test_path("crates/x/src/testsuite.rs"));
        assert!(!is_test_path("testing/sim/src/lib.rs") && is_harness_path("testing/sim/src/lib.rs"));
    }
}
