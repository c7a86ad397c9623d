//! Rule: the DataFusion fence. Building DataFusion is the cost of the day, so only the crates that plan and run queries
//! name it; what decides builds and tests without it.

use super::layers::layer_of;
use super::manifest::DependencyKind;
use super::{Report, Tree};

const INSIDE: &[&str] = &["crates/sql", "crates/plan", "crates/dataflow", "crates/engine", "bench"];

/// From this layer on a crate links DataFusion anyway, so its tests may name it too.
const DEV_LAYER_MIN: usize = 3;

pub fn check(tree: &Tree, report: &mut Report) {
    for user in tree.packages() {
        if INSIDE.contains(&user.directory.as_str()) || user.directory.starts_with("testing/") {
            continue;
        }
        let tests_may = layer_of(&user.directory).is_some_and(|layer| layer >= DEV_LAYER_MIN);
        for dependency in user.dependencies.iter().filter(|dependency| dependency.name.starts_with("datafusion")) {
            if dependency.kind == DependencyKind::Normal || !tests_may {
                let message =
                    format!("\"{}\" stands behind the fence: only {} and testing name it", dependency.name, INSIDE.join(", "));
                report.violation(&user.path(), 0, message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    fn found(directory: &str, section: &str) -> usize {
        let text = format!("[package]\nname = \"user\"\n[{section}]\ndatafusion-expr = {{ workspace = true }}\n");
        messages(check, &[(&format!("{directory}/Cargo.toml"), &text)]).len()
    }

    #[test]
    fn only_what_plans_and_runs_queries_names_datafusion() {
        for directory in ["crates/plan", "testing/sim", "bench"] {
            assert_eq!(found(directory, "dependencies"), 0, "{directory}");
        }
        for directory in ["crates/state", "crates/cli", "crates/connect", "xtask"] {
            assert_eq!(found(directory, "dependencies"), 1, "{directory}");
        }
    }

    #[test]
    fn tests_below_the_fence_stay_below_it() {
        assert_eq!(found("crates/cli", "dev-dependencies"), 0);
        assert_eq!(found("crates/formats", "dev-dependencies"), 1);
    }
}
