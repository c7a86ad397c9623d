//! Rule: calls that hide a defect. Unfinished code, tests that don't run or wait for time, panics on input, and printing
//! where a caller should decide.

use super::rust_file::{RustFile, is_harness_path};
use super::tokens::{Token, flat, places};
use super::{Report, Tree};

/// Where a pattern of tokens is banned.
enum Scope {
    Everywhere,
    /// Test code and harnesses.
    Tests,
    /// Code that is shipped, outside the program itself.
    Libraries,
    /// The same without the one connector whose purpose is to print.
    SilentLibraries,
}

struct Ban {
    pattern: &'static str,
    scope: Scope,
    why: &'static str,
}

const fn ban(pattern: &'static str, scope: Scope, why: &'static str) -> Ban {
    Ban { pattern, scope, why }
}

/// Where the tests that disturb running processes let time pass.
const PACE: &str = "testing/tasks/src/chaos/pace.rs";

const PRINTS: &str = "a library doesn't print; return it, or count it in a metric";

const BANS: &[Ban] = &[
    ban("todo !", Scope::Everywhere, "unfinished code; refuse with LV-S004 or leave it out"),
    ban("unimplemented !", Scope::Everywhere, "unfinished code; refuse with LV-S004 or leave it out"),
    ban("dbg !", Scope::Everywhere, "left over from debugging"),
    ban("# [ ignore", Scope::Everywhere, "an ignored test is a defect; repair it or remove it"),
    ban("allow ( dead_code", Scope::Everywhere, "remove what isn't used"),
    ban("thread : : sleep", Scope::Tests, "await an event, not time"),
    ban("time : : sleep", Scope::Tests, "await an event, not time"),
    ban(". unwrap ( )", Scope::Libraries, "return an error, or `.expect(\"the invariant\")` where it can't fail"),
    ban(". expect ( \"\" )", Scope::Libraries, "say which invariant makes this impossible"),
    ban("print !", Scope::SilentLibraries, PRINTS),
    ban("println !", Scope::SilentLibraries, PRINTS),
    ban("eprint !", Scope::SilentLibraries, PRINTS),
    ban("eprintln !", Scope::SilentLibraries, PRINTS),
];

pub fn check(tree: &Tree, report: &mut Report) {
    for file in tree.rust.values() {
        let tokens = flat(&file.tokens);
        for ban in BANS {
            for place in places(&tokens, ban.pattern) {
                if applies(ban, file, &place[0]) {
                    report.violation(&file.path, place[0].line, format!("`{}`: {}", spelled(ban.pattern), ban.why));
                }
            }
        }
    }
}

fn applies(ban: &Ban, file: &RustFile, token: &Token) -> bool {
    let test = file.is_test_line(token.line);
    let library = !test && file.ships_with().is_some_and(|name| name != "cli");
    match ban.scope {
        Scope::Everywhere => true,
        Scope::Tests => (test || is_harness_path(&file.path)) && file.path != PACE,
        Scope::Libraries => library,
        Scope::SilentLibraries => library && !file.path.starts_with("crates/connectors/src/stdout"),
    }
}

fn spelled(pattern: &str) -> String {
    pattern.replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        messages(check, &[(path, text)]).len()
    }

    #[test]
    fn unfinished_code_is_found_anywhere() {
        for body in ["todo!()", "unimplemented!(\"x\")", "vec![dbg!(1)]"] {
            let text = format!("fn f() {{ {body}; }}");
            assert_eq!(found("crates/plan/src/a.rs", &text), 1, "{body}");
            assert_eq!(found("testing/sim/tests/a.rs", &text), 1, "{body}");
        }
        assert_eq!(found("crates/plan/src/a.rs", "#![allow(dead_code)]"), 1);
        assert_eq!(found("crates/plan/src/a.rs", "// todo!() dbg!()\nfn f() -> &'static str { \"todo!()\" }"), 0);
    }

    #[test]
    fn tests_run_and_wait_for_events() {
        assert_eq!(found("crates/plan/src/tests.rs", "#[test]\n#[ignore = \"slow\"]\nfn t() {}"), 1);
        let sleeping = "fn f() { std::thread::sleep(d); }";
        assert_eq!(found("crates/plan/tests/a.rs", sleeping), 1);
        assert_eq!(found("testing/sim/src/run.rs", sleeping), 1);
        assert_eq!(found("crates/plan/src/a.rs", &format!("#[cfg(test)]\nmod tests {{ {sleeping} }}")), 1);
        assert_eq!(found("crates/base/src/world/clock.rs", sleeping), 0);
    }

    #[test]
    fn libraries_neither_panic_nor_print() {
        for body in ["x.unwrap()", "x.expect(\"\")", "println!(\"{x}\")", "eprintln!()", "format!(\"{}\", x.unwrap())"] {
            let text = format!("fn f() {{ {body}; }}");
            assert_eq!(found("crates/state/src/a.rs", &text), 1, "{body}");
            assert_eq!(found("crates/cli/src/a.rs", &text), 0, "{body}");
            assert_eq!(found("crates/state/src/a.rs", &format!("#[test]\n{text}")), 0, "{body}");
        }
        assert_eq!(found("crates/state/src/a.rs", "fn f() { x.expect(\"every group has a slot\"); }"), 0);
        assert_eq!(found("crates/connectors/src/stdout/mod.rs", "fn f() { println!(); }"), 0);
        assert_eq!(found("crates/state/examples/a.rs", "fn main() { println!(); }"), 0);
    }
}
