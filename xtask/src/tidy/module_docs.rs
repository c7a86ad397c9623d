//! Rule: a module opens with what it is. Tests are named by what they show and need no more.

use syn::AttrStyle;

use super::rust_file::RustFile;
use super::{Report, Tree};

pub fn check(tree: &Tree, report: &mut Report) {
    for file in tree.rust.values().filter(|file| is_module(&file.path)) {
        if !opens_with_words(file) {
            report.violation(&file.path, 1, "doesn't open with `//!`: say what the module is and what it is not");
        }
    }
}

/// Sources of crates, harnesses included; not tests and build scripts.
fn is_module(path: &str) -> bool {
    path.contains("src/") && !path.split('/').any(|part| matches!(part, "tests" | "benches" | "tests.rs"))
}

fn opens_with_words(file: &RustFile) -> bool {
    file.syntax.attrs.iter().any(|attribute| matches!(attribute.style, AttrStyle::Inner(_)) && attribute.path().is_ident("doc"))
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    #[test]
    fn a_module_without_words_is_found() {
        let bare = "/// About f.\nfn f() {}";
        for path in ["crates/x/src/lib.rs", "testing/sim/src/a/mod.rs", "xtask/src/main.rs"] {
            assert_eq!(messages(check, &[(path, bare)]).len(), 1, "{path}");
            assert_eq!(messages(check, &[(path, "//! About x.\nfn f() {}")]).len(), 0, "{path}");
        }
        assert_eq!(messages(check, &[("crates/x/src/ops/tests.rs", bare), ("crates/x/tests/a.rs", bare)]).len(), 0);
    }
}
