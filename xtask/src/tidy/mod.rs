//! Style as a program: each rule is one file and one line of `RULES`. It reads the files that git would commit and
//! nothing else. A new rule comes with a test in which it fails on a planted violation.

mod banned;
mod dead_files;
mod error_pages;
mod fence;
mod layers;
mod manifest;
mod module_docs;
mod ratchet;
mod rust_file;
mod sizes;
mod tokens;
mod tree;
mod words;

use std::fmt;

use anyhow::{Result, bail};

use tree::Tree;

type Rule = fn(&Tree, &mut Report);

const RULES: &[(&str, Rule)] = &[
    ("syntax", tree::check_syntax),
    ("layers", layers::check),
    ("fence", fence::check),
    ("sizes", sizes::check),
    ("banned", banned::check),
    ("error pages", error_pages::check),
    ("module docs", module_docs::check),
    ("words", words::check),
    ("dead files", dead_files::check),
];

/// Checks the repository; an error if a rule is broken.
pub fn run() -> Result<()> {
    let report = check(&Tree::load()?);
    for warning in &report.warnings {
        eprintln!("warning: {warning}");
    }
    for violation in &report.violations {
        eprintln!("error: {violation}");
    }
    match report.violations.len() {
        0 => {
            eprintln!("tidy: {} rules hold", RULES.len());
            Ok(())
        }
        found => bail!("tidy found {found} violations"),
    }
}

fn check(tree: &Tree) -> Report {
    let mut report = Report::default();
    for (name, rule) in RULES {
        report.rule = name;
        rule(tree, &mut report);
    }
    report
}

/// What the rules found.
#[derive(Default)]
struct Report {
    rule: &'static str,
    violations: Vec<Finding>,
    warnings: Vec<Finding>,
}

impl Report {
    /// A broken rule at a line (from 1; 0 for the whole file), and what to do.
    fn violation(&mut self, path: &str, line: usize, message: impl Into<String>) {
        let finding = Finding { rule: self.rule, path: path.to_owned(), line, message: message.into() };
        self.violations.push(finding);
    }

    /// Something to think about; does not fail.
    fn warning(&mut self, path: &str, line: usize, message: impl Into<String>) {
        let finding = Finding { rule: self.rule, path: path.to_owned(), line, message: message.into() };
        self.warnings.push(finding);
    }
}

struct Finding {
    rule: &'static str,
    path: String,
    line: usize,
    message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(out, "{}: {}: {}", self.path, self.rule, self.message),
            line => write!(out, "{}:{line}: {}: {}", self.path, self.rule, self.message),
        }
    }
}

/// The messages of a rule over a small repository made of text: how each rule's tests look at it.
#[cfg(test)]
fn messages(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
    let mut report = Report::default();
    rule(&Tree::of(files), &mut report);
    report.violations.iter().map(|found| format!("{}:{}: {}", found.path, found.line, found.message)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_name_rule_and_place() {
        let report = check(&Tree::of(&[("crates/base/src/lib.rs", "fn broken( {")]));
        let shown: Vec<String> = report.violations.iter().map(ToString::to_string).collect();
        assert!(shown.iter().any(|line| line.starts_with("crates/base/src/lib.rs:1: syntax: ")), "{shown:?}");
    }
}
