//! The repository as the rules see it: every text file that git knows or would add, Rust files parsed once. Rules never
//! touch the disk, so their tests are made of text.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::Report;
use super::manifest::Manifest;
use super::rust_file::{RustFile, module_directory};
use crate::run;

/// Paths are relative to the root and use `/`.
pub struct Tree {
    pub texts: BTreeMap<String, String>,
    pub rust: BTreeMap<String, RustFile>,
    pub manifests: Vec<Manifest>,
    broken: Vec<Broken>,
}

/// A file that could not be parsed.
struct Broken {
    path: String,
    line: usize,
    reason: String,
}

impl Tree {
    /// Reads the working copy: tracked files and new ones that are not ignored. Files that are not UTF-8 are data.
    pub fn load() -> Result<Self> {
        let listed = run::git(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
        let mut texts = BTreeMap::new();
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            let full = run::root().join(path);
            if !full.is_file() {
                continue; // deleted in the working copy, not yet in the index
            }
            #[expect(clippy::disallowed_methods, reason = "a tool reads the real repository; there is no World here")]
            let bytes = std::fs::read(&full).with_context(|| format!("{path} can't be read"))?;
            if let Ok(text) = String::from_utf8(bytes) {
                texts.insert(path.to_owned(), text);
            }
        }
        Ok(Self::parse(texts))
    }

    /// A repository made of text.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Self {
        Self::parse(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    fn parse(texts: BTreeMap<String, String>) -> Self {
        let (mut rust, mut manifests, mut broken) = (BTreeMap::new(), Vec::new(), Vec::new());
        for (path, text) in &texts {
            if path.ends_with(".rs") {
                match RustFile::parse(path, text) {
                    Ok(file) => drop(rust.insert(path.clone(), file)),
                    Err(error) => {
                        let line = error.span().start().line;
                        broken.push(Broken { path: path.clone(), line, reason: error.to_string() });
                    }
                }
            } else if let Some(directory) = path.strip_suffix("Cargo.toml") {
                match Manifest::parse(directory.trim_end_matches('/'), text) {
                    Ok(manifest) => manifests.push(manifest),
                    Err(error) => broken.push(Broken { path: path.clone(), line: 0, reason: error.to_string() }),
                }
            }
        }
        mark_test_modules(&mut rust);
        Self { texts, rust, manifests, broken }
    }

    /// The members of the workspace: every manifest that names a package.
    pub fn packages(&self) -> impl Iterator<Item = &Manifest> {
        self.manifests.iter().filter(|manifest| manifest.package.is_some())
    }
}

/// Files behind `#[cfg(test)] mod name;` are test code whatever they are called, with all files below them.
fn mark_test_modules(rust: &mut BTreeMap<String, RustFile>) {
    let mut declared = Vec::new();
    for file in rust.values() {
        let is_root = file.path.ends_with("src/lib.rs") || file.path.ends_with("src/main.rs");
        let directory = module_directory(&file.path, is_root);
        declared.extend(file.test_modules.iter().map(|name| format!("{directory}/{name}")));
    }
    for module in declared {
        let (own, below) = (format!("{module}.rs"), format!("{module}/"));
        for file in rust.values_mut().filter(|file| file.path == own || file.path.starts_with(&below)) {
            file.make_test();
        }
    }
}

/// Rule: every Rust file and every manifest parses, else the other rules would pass it by.
pub fn check_syntax(tree: &Tree, report: &mut Report) {
    for broken in &tree.broken {
        report.violation(&broken.path, broken.line, format!("does not parse: {}", broken.reason));
    }
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    #[test]
    fn a_file_that_does_not_parse_is_named_with_its_line() {
        let found = messages(check_syntax, &[("a/src/lib.rs", "//! x\nfn f( {}\n"), ("a/Cargo.toml", "[package\n")]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().any(|line| line.starts_with("a/src/lib.rs:2: does not parse")), "{found:?}");
    }

    #[test]
    fn a_module_for_tests_is_test_code_with_all_below() {
        let tree = Tree::of(&[
            ("x/src/lib.rs", "#[cfg(test)]\nmod rig;\nmod a;"),
            ("x/src/rig.rs", "mod parts;"),
            ("x/src/rig/parts.rs", "fn f() {}"),
            ("x/src/a.rs", "#[cfg(test)]\nmod laws;\nfn f() {}"),
            ("x/src/a/laws.rs", "fn f() {}"),
        ]);
        let tests: Vec<&str> = tree.rust.values().filter(|file| file.is_test_line(1)).map(|file| file.path.as_str()).collect();
        assert_eq!(tests, ["x/src/a.rs", "x/src/a/laws.rs", "x/src/lib.rs", "x/src/rig.rs", "x/src/rig/parts.rs"]);
        assert!(!tree.rust["x/src/a.rs"].is_test_line(3));
    }

    #[test]
    fn the_repository_can_be_loaded() -> Result<()> {
        let tree = Tree::load()?;
        assert!(tree.rust.contains_key("xtask/src/tidy/tree.rs"));
        assert!(tree.packages().any(|manifest| manifest.package.as_deref() == Some("levada-base")));
        Ok(())
    }
}
