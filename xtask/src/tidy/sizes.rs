//! Rule: a file has at most 600 lines and a function 70. Tests stand apart: only a long function is warned about. A
//! function that is one table (a single `match` or list) may be longer if a comment above it says `A table:`.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, Expr, ImplItemFn, ItemFn, ItemImpl, ItemMod, Signature, TraitItemFn, Type};

use super::ratchet::{self, Ratchet};
use super::rust_file::{RustFile, lines_of};
use super::{Report, Tree};

const FILE_LINES_MAX: usize = 600;
const FILE_LINES_WARN: usize = 300;
const FUNCTION_LINES_MAX: usize = 70;

/// What a table may have around its `match`.
const AROUND_TABLE_LINES_MAX: usize = 20;

const TABLE_MARK: &str = "A table:";

pub fn check(tree: &Tree, report: &mut Report) {
    let mut ratchet = match Ratchet::of(tree) {
        Ok(ratchet) => ratchet,
        Err(reason) => return report.violation(ratchet::PATH, 0, reason),
    };
    for file in tree.rust.values() {
        check_file(file, &mut ratchet, report);
        let text = tree.texts.get(&file.path).map_or("", String::as_str);
        check_functions(file, text, &mut ratchet, report);
    }
    for entry in ratchet.left_over() {
        report.violation(ratchet::PATH, 0, entry);
    }
}

fn check_file(file: &RustFile, ratchet: &mut Ratchet, report: &mut Report) {
    let lines = file.own_lines();
    if lines > FILE_LINES_MAX {
        if !ratchet.accepts("files", &file.path, lines) {
            report.violation(&file.path, 0, format!("{lines} lines; at most {FILE_LINES_MAX}: one file, one noun"));
        }
    } else if lines > FILE_LINES_WARN {
        report.warning(&file.path, 0, format!("{lines} lines; about {FILE_LINES_WARN} read well"));
    }
}

fn check_functions(file: &RustFile, text: &str, ratchet: &mut Ratchet, report: &mut Report) {
    let mut found = Functions::default();
    found.visit_file(&file.syntax);
    for function in found.list {
        if function.lines <= FUNCTION_LINES_MAX || function.is_table(text) {
            continue;
        }
        let message = format!("`{}` has {} lines; at most {FUNCTION_LINES_MAX}", function.name, function.lines);
        if file.is_test_line(function.line) {
            report.warning(&file.path, function.line, message);
        } else if !ratchet.accepts("functions", &format!("{}::{}", file.path, function.name), function.lines) {
            report.violation(&file.path, function.line, message);
        }
    }
}

/// A function as measured, from its signature to its closing brace.
struct Function {
    /// With the types and modules around it, so that it is one in its file.
    name: String,
    /// Where comments and attributes above it end.
    top: usize,
    line: usize,
    lines: usize,
    longest_table: usize,
}

impl Function {
    fn is_table(&self, text: &str) -> bool {
        self.lines.saturating_sub(self.longest_table) <= AROUND_TABLE_LINES_MAX && is_marked(text, self.top, self.line)
    }
}

/// A comment or attribute between the first line of the item and the function, or directly above, bears the mark.
fn is_marked(text: &str, top: usize, line: usize) -> bool {
    let lines: Vec<&str> = text.lines().take(line.saturating_sub(1)).collect();
    let above = lines.iter().take(top.saturating_sub(1)).rev().take_while(|line| line.trim_start().starts_with("//"));
    let within = lines.iter().skip(top.saturating_sub(1));
    above.chain(within).any(|line| line.trim_start().starts_with("//") && line.contains(TABLE_MARK))
}

#[derive(Default)]
struct Functions {
    around: Vec<String>,
    list: Vec<Function>,
}

impl Functions {
    fn note(&mut self, attributes: &[Attribute], signature: &Signature, block: &Block) {
        let mut tables = Tables::default();
        tables.visit_block(block);
        let line = signature.span().start().line;
        let name = self.around.iter().cloned().chain([signature.ident.to_string()]).collect::<Vec<_>>().join("::");
        self.list.push(Function {
            name,
            top: attributes.first().map_or(line, |first| first.span().start().line),
            line,
            lines: block.span().end().line + 1 - line,
            longest_table: tables.longest,
        });
    }

    fn within(&mut self, name: String, visit: impl FnOnce(&mut Self)) {
        self.around.push(name);
        visit(self);
        self.around.pop();
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.note(&function.attrs, &function.sig, &function.block);
        self.within(function.sig.ident.to_string(), |found| visit::visit_item_fn(found, function));
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.note(&function.attrs, &function.sig, &function.block);
        self.within(function.sig.ident.to_string(), |found| visit::visit_impl_item_fn(found, function));
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(block) = &function.default {
            self.note(&function.attrs, &function.sig, block);
        }
    }

    fn visit_item_impl(&mut self, found: &'ast ItemImpl) {
        let own = match &*found.self_ty {
            Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        };
        let of = found.trait_.as_ref().and_then(|(_, path, _)| path.segments.last()).map(|last| format!("{}::", last.ident));
        let name = format!("{}{}", of.unwrap_or_default(), own.unwrap_or_else(|| "impl".to_owned()));
        self.within(name, |functions| visit::visit_item_impl(functions, found));
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        self.within(module.ident.to_string(), |found| visit::visit_item_mod(found, module));
    }
}

/// The longest `match`, list or macro call of a body.
#[derive(Default)]
struct Tables {
    longest: usize,
}

impl Tables {
    fn note(&mut self, span: Span) {
        self.longest = self.longest.max(lines_of(span).count());
    }
}

impl<'ast> Visit<'ast> for Tables {
    fn visit_expr(&mut self, expression: &'ast Expr) {
        if matches!(expression, Expr::Match(_) | Expr::Array(_) | Expr::Macro(_)) {
            self.note(expression.span());
        }
        visit::visit_expr(self, expression);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Report, messages};
    use super::*;

    const FILE: &str = "crates/x/src/a.rs";

    fn function(name: &str, lines: usize) -> String {
        format!("fn {name}() {{\n{}}}\n", "    f();\n".repeat(lines - 2))
    }

    fn table(comment: &str, arms: usize) -> String {
        format!("{comment}\nfn f(x: u8) -> u8 {{\n    match x {{\n{}    }}\n}}\n", "        1 => 2,\n".repeat(arms))
    }

    fn found(text: &str) -> Vec<String> {
        messages(check, &[(FILE, text)])
    }

    #[test]
    fn a_long_function_is_found() {
        assert!(found(&function("f", 70)).is_empty());
        assert_eq!(found(&function("f", 71)), ["crates/x/src/a.rs:1: `f` has 71 lines; at most 70"]);
        let method = format!("impl A {{\n{}}}", function("f", 71));
        assert_eq!(found(&method), ["crates/x/src/a.rs:2: `A::f` has 71 lines; at most 70"]);
        assert_eq!(found(&format!("trait T {{\n{}}}", function("f", 71))).len(), 1);
        assert!(found(&format!("#[cfg(test)]\nmod tests {{\n{}}}", function("f", 90))).is_empty());
    }

    #[test]
    fn a_table_says_so_and_is_one() {
        for comment in ["// A table: one arm per kind.", "/// The name.\n// A table: one arm per kind.\n#[must_use]"] {
            assert!(found(&table(comment, 100)).is_empty(), "{comment}");
        }
        assert_eq!(found(&table("// Not marked.", 100)).len(), 1);
        assert_eq!(found(&format!("// A table: it is not.\n{}", function("f", 90))).len(), 1);
    }

    #[test]
    fn a_long_file_is_found_without_its_tests() {
        assert_eq!(found(&"use a::b;\n".repeat(601)).len(), 1);
        let tested = format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", "use a::b;\n".repeat(300), "use a::b;\n".repeat(400));
        assert!(found(&tested).is_empty());
        assert!(messages(check, &[("crates/x/src/a/tests.rs", &"use a::b;\n".repeat(700))]).is_empty());
    }

    #[test]
    fn a_file_that_grows_is_warned_about() {
        let mut report = Report::default();
        check(&Tree::of(&[(FILE, &"use a::b;\n".repeat(301))]), &mut report);
        assert_eq!((report.violations.len(), report.warnings.len()), (0, 1));
    }

    #[test]
    fn the_ratchet_accepts_what_is_measured_and_nothing_else() {
        let text = function("f", 80);
        let with = |entry: &str| messages(check, &[(FILE, &text), (ratchet::PATH, entry)]);
        assert!(with("[functions]\n\"crates/x/src/a.rs::f\" = 80").is_empty());
        assert_eq!(with("[functions]\n\"crates/x/src/a.rs::f\" = 90").len(), 2, "larger than measured");
        assert_eq!(with("[functions]\n\"crates/x/src/a.rs::f\" = 75").len(), 2, "it grew");
        assert_eq!(with("[functions]\n\"crates/x/src/a.rs::f\" = 80\n\"gone\" = 99").len(), 1, "no longer needed");
        assert_eq!(with("[files]\n\"crates/x/src/a.rs\" = 80").len(), 2, "not too large");
        assert_eq!(with("f = 80").len(), 1, "unreadable");
    }
}
