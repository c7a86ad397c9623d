//! Rule: every Rust file below a crate's `src` is reached by `mod` declarations from a root of the crate; what is not
//! reached is not compiled and rots.

use std::collections::BTreeSet;

use syn::{Expr, Item, ItemMod, Lit, Meta};

use super::manifest::{Manifest, join};
use super::rust_file::{module_directory, parent};
use super::tokens::{flat, places};
use super::{Report, Tree};

pub fn check(tree: &Tree, report: &mut Report) {
    for manifest in tree.packages() {
        let sources = join(&manifest.directory, "src/");
        let mut reached = BTreeSet::new();
        for root in roots(tree, manifest) {
            reach(tree, &root, &module_directory(&root, true), &mut reached);
        }
        for path in tree.rust.keys().filter(|path| path.starts_with(&sources) && !reached.contains(*path)) {
            report.violation(path, 0, "no `mod` declaration reaches this file; declare it or delete it");
        }
    }
}

/// The files where cargo begins to compile.
fn roots(tree: &Tree, manifest: &Manifest) -> Vec<String> {
    let usual = ["src/lib.rs", "src/main.rs"].map(|root| join(&manifest.directory, root));
    let binaries = join(&manifest.directory, "src/bin/");
    let is_binary = |path: &str| {
        path.strip_prefix(&binaries)
            .is_some_and(|rest| !rest.contains('/') || (rest.ends_with("/main.rs") && rest.matches('/').count() == 1))
    };
    let found = tree.rust.keys().filter(|path| is_binary(path)).cloned();
    usual.into_iter().chain(manifest.target_roots.iter().cloned()).chain(found).collect()
}

fn reach(tree: &Tree, path: &str, directory: &str, reached: &mut BTreeSet<String>) {
    let Some(file) = tree.rust.get(path) else { return };
    if !reached.insert(path.to_owned()) {
        return;
    }
    for included in includes(&flat(&file.tokens)) {
        let included = join(parent(path), &included);
        reach(tree, &included, &module_directory(&included, true), reached);
    }
    declared(tree, &file.syntax.items, path, directory, reached);
}

fn declared(tree: &Tree, items: &[Item], path: &str, directory: &str, reached: &mut BTreeSet<String>) {
    for item in items {
        let Item::Mod(module) = item else { continue };
        let name = module.ident.to_string();
        match (&module.content, path_attribute(module)) {
            (Some((_, inner)), _) => declared(tree, inner, path, &join(directory, &name), reached),
            (None, Some(renamed)) => {
                let target = join(parent(path), &renamed);
                reach(tree, &target, &module_directory(&target, true), reached);
            }
            (None, None) => {
                for target in [format!("{directory}/{name}.rs"), format!("{directory}/{name}/mod.rs")] {
                    reach(tree, &target, &module_directory(&target, false), reached);
                }
            }
        }
    }
}

fn path_attribute(module: &ItemMod) -> Option<String> {
    module.attrs.iter().find_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else { return None };
        let Expr::Lit(literal) = &pair.value else { return None };
        match &literal.lit {
            Lit::Str(text) if pair.path.is_ident("path") => Some(text.value()),
            _ => None,
        }
    })
}

fn includes(tokens: &[super::tokens::Token]) -> Vec<String> {
    places(tokens, "include ! ( \"…\" )").map(|place| place[3].text.trim_matches('"').to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    const MANIFEST: (&str, &str) = ("crates/x/Cargo.toml", "[package]\nname = \"x\"\n");

    #[test]
    fn an_undeclared_file_is_found() {
        let found = messages(
            check,
            &[MANIFEST, ("crates/x/src/lib.rs", "mod a;"), ("crates/x/src/a.rs", ""), ("crates/x/src/b.rs", "")],
        );
        assert_eq!(found, ["crates/x/src/b.rs:0: no `mod` declaration reaches this file; declare it or delete it"]);
    }

    #[test]
    fn declarations_are_followed_through_directories() {
        let files = [
            MANIFEST,
            ("crates/x/src/main.rs", "mod a; mod inner { mod c; } #[path = \"odd/d.rs\"] mod d;"),
            ("crates/x/src/bin/tool.rs", ""),
            ("crates/x/src/a/mod.rs", "mod b;"),
            ("crates/x/src/a/b.rs", "#[cfg(test)] mod tests;"),
            ("crates/x/src/a/b/tests.rs", "include!(\"table.rs\");"),
            ("crates/x/src/a/b/table.rs", ""),
            ("crates/x/src/inner/c.rs", ""),
            ("crates/x/src/odd/d.rs", ""),
        ];
        assert_eq!(messages(check, &files), Vec::<String>::new());
    }
}
