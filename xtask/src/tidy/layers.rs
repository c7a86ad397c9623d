//! Rule: a crate uses only crates of lower layers, so that the dependency graph reads from the bottom up and what decides
//! stays free of what runs. Its tests may also use a crate of its own layer: connectors are tried with real formats.

use super::manifest::{DependencyKind, Manifest};
use super::{Report, Tree};

/// The directories under `crates/`, lowest layer first. Crates of one layer do not know each other.
const LAYERS: &[&[&str]] = &[
    &["base", "delta"],
    &["state", "connect", "catalog", "store"],
    &["connectors", "formats", "store-sqlite", "store-postgres"],
    &["sql", "tasks"],
    &["dataflow"],
    &["plan"],
    &["engine"],
    &["server"],
    &["cli"],
];

/// Within the lowest layer one crate is below the other: batches of changes carry errors and epochs.
const WITHIN_LAYER: &[(&str, &str)] = &[("delta", "base")];

pub fn check(tree: &Tree, report: &mut Report) {
    for user in tree.packages() {
        let Some(directory) = under_crates(&user.directory) else {
            continue; // testing, bench and xtask stand beside the layers and may use anything
        };
        let Some(layer) = layer_of(&user.directory) else {
            let message = format!("\"{directory}\" has no layer; give it one in xtask/src/tidy/layers.rs");
            report.violation(&user.path(), 0, message);
            continue;
        };
        for dependency in &user.dependencies {
            let used = tree.packages().find(|other| other.package.as_deref() == Some(dependency.name.as_str()));
            if let Some(message) = used.and_then(|used| objection(user, layer, used, dependency.kind)) {
                report.violation(&user.path(), 0, message);
            }
        }
    }
}

/// The layer of a directory below `crates/`; none for anything else.
pub fn layer_of(directory: &str) -> Option<usize> {
    let name = under_crates(directory)?;
    LAYERS.iter().position(|layer| layer.contains(&name))
}

fn under_crates(directory: &str) -> Option<&str> {
    directory.strip_prefix("crates/")?.split('/').next()
}

fn objection(user: &Manifest, layer: usize, used: &Manifest, kind: DependencyKind) -> Option<String> {
    let name = &used.directory;
    let Some(other) = layer_of(name) else {
        let allowed = kind == DependencyKind::Dev && name.starts_with("testing/");
        return (!allowed).then(|| format!("depends on {name}, which stands beside the layers"));
    };
    let pair = (under_crates(&user.directory)?, under_crates(name)?);
    let beside = other == layer && (kind == DependencyKind::Dev || WITHIN_LAYER.contains(&pair));
    let allowed = other < layer || beside;
    (!allowed).then(|| format!("layer {layer} depends on {name} of layer {other}; only lower layers may be used"))
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    fn found(user: &str, section: &str, used: &str) -> Vec<String> {
        let name = format!("levada-{}", used.replace('/', "-"));
        let user_text = format!("[package]\nname = \"user\"\n[{section}]\n{name} = {{ workspace = true }}\n");
        let used_text = format!("[package]\nname = \"{name}\"\n");
        messages(check, &[(&format!("{user}/Cargo.toml"), &user_text), (&format!("{used}/Cargo.toml"), &used_text)])
    }

    #[test]
    fn only_lower_layers_may_be_used() {
        assert!(found("crates/plan", "dependencies", "crates/dataflow").is_empty());
        assert!(found("crates/delta", "dependencies", "crates/base").is_empty());
        for (user, used) in [("dataflow", "plan"), ("connect", "catalog"), ("base", "delta"), ("sql", "cli")] {
            let found = found(&format!("crates/{user}"), "dependencies", &format!("crates/{used}"));
            assert_eq!(found.len(), 1, "{user} must not use {used}");
        }
    }

    #[test]
    fn tests_may_use_their_own_layer_and_no_higher_one() {
        assert!(found("crates/connectors", "dev-dependencies", "crates/formats").is_empty());
        assert_eq!(found("crates/connectors", "dev-dependencies", "crates/sql").len(), 1);
    }

    #[test]
    fn what_stands_beside_the_layers_is_for_tests() {
        assert!(found("bench", "dependencies", "crates/cli").is_empty());
        assert!(found("crates/state", "dev-dependencies", "testing/model").is_empty());
        assert_eq!(found("crates/state", "dependencies", "testing/model").len(), 1);
        assert_eq!(found("crates/cli", "dev-dependencies", "bench").len(), 1);
    }

    #[test]
    fn a_crate_without_a_layer_is_named() {
        assert_eq!(found("crates/novel", "dependencies", "crates/base").len(), 1);
    }
}
