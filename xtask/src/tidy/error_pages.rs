//! Rule: a code is a promise. Each code of `codes.rs` has a page that says cause, fix and example, is in the index, is
//! raised by shipped code, and is provoked by a test (also by the example of its page, which the suites run); and there is
//! no page for a code that doesn't exist.

use std::collections::{BTreeMap, BTreeSet};

use super::rust_file::{is_harness_path, is_test_path};
use super::tokens::{Token, flat};
use super::{Report, Tree};

const CODES: &str = "crates/base/src/codes.rs";
const PAGES: &str = "docs/errors/";
const INDEX: &str = "docs/errors/README.md";
const SECTIONS: &[&str] = &["## Cause", "## Fix", "## Example"];

/// A line of the table in `codes.rs`.
struct Code {
    constant: String,
    name: String,
    kind: String,
    sqlstate: String,
    title: String,
    line: usize,
}

pub fn check(tree: &Tree, report: &mut Report) {
    let codes = codes(tree);
    check_pages(tree, &codes, report);
    check_index(tree, &codes, report);
    let raised = raised(tree);
    let provoked = provoked(tree, &codes);
    for code in &codes {
        if !raised.contains(&code.constant) {
            report.violation(CODES, code.line, format!("{} is raised nowhere; remove it and its page", code.name));
        }
        if !provoked.contains(&code.constant) {
            report.violation(CODES, code.line, format!("{} is named in no test; provoke it in one", code.name));
        }
    }
}

fn codes(tree: &Tree) -> Vec<Code> {
    let tokens = tree.rust.get(CODES).map(|file| flat(&file.tokens)).unwrap_or_default();
    let rows = tokens.windows(6).filter(|row| row[0].text.starts_with("LV_") && row[5].text == ";");
    let bare = |token: &Token| token.text.trim_matches('"').to_owned();
    rows.map(|row| Code {
        constant: row[0].text.clone(),
        name: bare(&row[1]),
        kind: row[2].text.clone(),
        sqlstate: bare(&row[3]),
        title: bare(&row[4]),
        line: row[0].line,
    })
    .collect()
}

fn check_pages(tree: &Tree, codes: &[Code], report: &mut Report) {
    let expected: BTreeMap<String, &Code> = codes.iter().map(|code| (page_of(code), code)).collect();
    for (path, code) in &expected {
        match tree.texts.get(path) {
            None => report.violation(CODES, code.line, format!("{} has no page {path}", code.name)),
            Some(text) => check_page(path, text, code, report),
        }
    }
    for path in tree.texts.keys().filter(|path| path.starts_with(PAGES) && *path != INDEX) {
        if !expected.contains_key(path) {
            report.violation(path, 0, "a page without a code; remove it");
        }
    }
}

fn check_page(path: &str, text: &str, code: &Code, report: &mut Report) {
    let title = format!("# {}: {}", code.name, code.title);
    if text.lines().next() != Some(title.as_str()) {
        report.violation(path, 1, format!("must open with \"{title}\""));
    }
    let facts = format!("Kind `{}`, SQLSTATE `{}`", code.kind, code.sqlstate);
    if !text.contains(&facts) {
        report.violation(path, 0, format!("must say \"{facts}\""));
    }
    for section in SECTIONS {
        let mut lines = text.lines().skip_while(|line| line != section).skip(1);
        if !lines.by_ref().take_while(|line| !line.starts_with("## ")).any(|line| !line.trim().is_empty()) {
            report.violation(path, 0, format!("has no \"{section}\", or nothing in it"));
        }
    }
}

fn check_index(tree: &Tree, codes: &[Code], report: &mut Report) {
    let rows = codes
        .iter()
        .map(|code| format!("| [{0}]({0}.md) | {1} | `{2}` | {3} |", code.name, code.kind, code.sqlstate, code.title));
    let expected: Vec<String> = rows.collect();
    let text = tree.texts.get(INDEX).map_or("", String::as_str);
    let shown: Vec<&str> = text.lines().filter(|line| line.starts_with("| [LV-")).collect();
    for row in expected.iter().filter(|row| !shown.contains(&row.as_str())) {
        report.violation(INDEX, 0, format!("lacks the row: {row}"));
    }
    for row in shown.iter().filter(|row| !expected.iter().any(|wanted| wanted == *row)) {
        report.violation(INDEX, 0, format!("has a row that fits no code: {row}"));
    }
}

fn page_of(code: &Code) -> String {
    format!("{PAGES}{}.md", code.name)
}

/// The constants that shipped code names.
fn raised(tree: &Tree) -> BTreeSet<String> {
    let shipped = tree.rust.values().filter(|file| file.ships_with().is_some() && file.path != CODES);
    shipped
        .flat_map(|file| flat(&file.tokens).into_iter().filter(|token| !file.is_test_line(token.line)))
        .map(|token| token.text)
        .collect()
}

/// The constants that a test names, as a constant or as printed.
fn provoked(tree: &Tree, codes: &[Code]) -> BTreeSet<String> {
    let tests: Vec<&str> = tree.texts.iter().flat_map(|(path, text)| test_lines(tree, path, text)).collect();
    let named = |code: &&Code| tests.iter().any(|line| line.contains(&code.constant) || line.contains(&code.name));
    codes.iter().filter(named).map(|code| code.constant.clone()).collect()
}

/// The lines of a file that a test runs. The table itself and the rules about it prove nothing.
fn test_lines<'a>(tree: &'a Tree, path: &str, text: &'a str) -> Vec<&'a str> {
    let executed = path.ends_with(".slt") || (path.starts_with("docs/sql/") && path.ends_with(".md"));
    if path == CODES || path.starts_with("xtask/") {
        Vec::new()
    } else if path.starts_with(PAGES) {
        executed_results(text)
    } else if executed || is_test_path(path) || is_harness_path(path) {
        text.lines().collect()
    } else if let Some(file) = tree.rust.get(path) {
        text.lines().enumerate().filter(|(index, _)| file.is_test_line(index + 1)).map(|(_, line)| line).collect()
    } else {
        Vec::new()
    }
}

/// What a page says that its example gives: the suites run the example and compare.
fn executed_results(page: &str) -> Vec<&str> {
    let results = page.split("\n```sql\n").skip(1).filter_map(|example| {
        let (_, behind) = example.split_once("\n```\n")?;
        behind.trim_start().strip_prefix("```text\n")?.split("\n```").next()
    });
    results.flat_map(str::lines).collect()
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    const TABLE: &str = "codes! {\n    LV_S110 \"LV-S110\" Invalid \"42703\" \"column does not exist\";\n}\n";
    const PAGE: &str = "# LV-S110: column does not exist\n\nKind `Invalid`, SQLSTATE `42703`\n\n## Cause\n\nA\n\n## Fix\n\nB\n\n## Example\n\nC\n";
    const ROW: &str = "| [LV-S110](LV-S110.md) | Invalid | `42703` | column does not exist |\n";
    const RAISED: &str = "fn f() { codes::LV_S110; }";

    /// A repository in which the rule holds, with one file replaced.
    fn found(path: &str, text: &str) -> Vec<String> {
        let mut files = BTreeMap::from([
            (CODES, TABLE),
            ("docs/errors/LV-S110.md", PAGE),
            (INDEX, ROW),
            ("crates/plan/src/a.rs", RAISED),
            ("testing/suites/a.slt", "statement error LV-S110"),
        ]);
        files.insert(path, text);
        messages(check, &files.into_iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_code_with_page_row_use_and_test_is_complete() {
        assert_eq!(found(CODES, TABLE), Vec::<String>::new());
    }

    #[test]
    fn pages_and_codes_belong_together() {
        let two = TABLE.replace('}', "    LV_S111 \"LV-S111\" Invalid \"42P16\" \"bad\";\n}");
        let missing = found(CODES, &two);
        assert!(
            missing.contains(&"crates/base/src/codes.rs:3: LV-S111 has no page docs/errors/LV-S111.md".to_owned()),
            "{missing:?}"
        );
        assert_eq!(missing.len(), 4, "page, row, use, test: {missing:?}");
        assert_eq!(found("docs/errors/LV-S999.md", PAGE), ["docs/errors/LV-S999.md:0: a page without a code; remove it"]);
    }

    #[test]
    fn a_page_says_what_the_table_says_in_every_section() {
        let changes = [
            ("column does", "row does"),
            ("`42703`", "`42000`"),
            ("Kind `Invalid`", "Kind `Data`"),
            ("## Fix", "## Remedy"),
            ("\nC\n", ""),
        ];
        for (from, to) in changes {
            assert_eq!(found("docs/errors/LV-S110.md", &PAGE.replace(from, to)).len(), 1, "{from} → {to}");
        }
    }

    #[test]
    fn the_index_is_in_step() {
        assert_eq!(found(INDEX, "").len(), 1);
        assert_eq!(found(INDEX, &format!("{ROW}{}", ROW.replace("S110", "S111"))).len(), 1);
    }

    #[test]
    fn a_code_is_raised_by_shipped_code() {
        for elsewhere in ["", "// codes::LV_S110", "#[cfg(test)]\nmod tests { fn f() { codes::LV_S110; } }"] {
            assert_eq!(found("crates/plan/src/a.rs", elsewhere).len(), 1, "{elsewhere}");
        }
    }

    #[test]
    fn a_code_is_provoked_by_a_test() {
        assert_eq!(found("testing/suites/a.slt", "statement ok").len(), 1);
        let files = [
            (CODES, TABLE),
            ("docs/errors/LV-S110.md", PAGE),
            (INDEX, ROW),
            ("crates/plan/src/a.rs", "fn f() { codes::LV_S110; }\n#[test]\nfn t() { f(codes::LV_S110); }"),
        ];
        assert_eq!(messages(check, &files), Vec::<String>::new());
    }

    #[test]
    fn an_example_that_is_run_is_a_test() {
        let page = PAGE.replace("C\n", "```sql\nSELECT a;\n```\n\n```text\nLV-S110: no a\n```\n");
        let found = |page: &str| {
            let files = [(CODES, TABLE), ("docs/errors/LV-S110.md", page), (INDEX, ROW), ("crates/plan/src/a.rs", RAISED)];
            messages(check, &files).len()
        };
        assert_eq!(found(&page), 0);
        assert_eq!(found(&page.replace("```sql", "```text")), 1, "nobody runs it");
        assert_eq!(found(&page.replace("LV-S110: no a", "a")), 1, "it says nothing of the code");
    }

    #[test]
    fn the_repository_has_a_page_and_a_row_for_each_code() -> anyhow::Result<()> {
        let tree = Tree::load()?;
        let (codes, mut report) = (codes(&tree), Report::default());
        check_pages(&tree, &codes, &mut report);
        check_index(&tree, &codes, &mut report);
        let found: Vec<String> = report.violations.iter().map(ToString::to_string).collect();
        assert!(!codes.is_empty() && found.is_empty(), "{found:#?}");
        Ok(())
    }
}
