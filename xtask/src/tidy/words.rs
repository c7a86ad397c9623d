//! Rule: no text names a package registry's host or a place on somebody's machine: neither is true elsewhere.

use super::{Report, Tree};

/// Written in two parts, so that this file keeps its own rule.
const HOSTS: &[(&str, &str)] = &[("crates", ".io"), ("pypi", ".org"), ("npmjs", ".org"), ("proxy.golang", ".org")];

/// Directories in which people and programs keep their own things.
const PLACES: &[&str] = &["root", "work", "home"];

/// Cargo writes where each package came from.
const EXEMPT: &[&str] = &["Cargo.lock"];

pub fn check(tree: &Tree, report: &mut Report) {
    for (path, text) in tree.texts.iter().filter(|(path, _)| !EXEMPT.contains(&path.as_str())) {
        for (index, line) in text.lines().enumerate() {
            for (name, end) in HOSTS {
                let host = format!("{name}{end}");
                if line.contains(&host) {
                    report.violation(path, index + 1, format!("names the package registry {host}"));
                }
            }
            if let Some(place) = PLACES.iter().find(|place| names_place(line, place)) {
                report.violation(path, index + 1, format!("names a path of one machine, /{place}; make it relative"));
            }
        }
    }
}

/// `/place` where a path begins and the name ends.
fn names_place(line: &str, place: &str) -> bool {
    line.match_indices('/').any(|(at, _)| {
        let rest = line[at + 1..].strip_prefix(place);
        let ends = rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || "_-.".contains(c)));
        let begins = !line[..at].ends_with(|c: char| c.is_alphanumeric() || "_-./~}>*)".contains(c));
        ends && begins
    })
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    fn found(text: &str) -> usize {
        messages(check, &[("docs/a.md", text)]).len()
    }

    #[test]
    fn registries_are_found() {
        for (name, end) in HOSTS {
            assert_eq!(found(&format!("see https://{name}{end}/x")), 1, "{name}");
        }
        let lock = format!("source = \"{}{}\"", HOSTS[0].0, HOSTS[0].1);
        assert!(messages(check, &[("Cargo.lock", &lock)]).is_empty());
    }

    #[test]
    fn paths_of_a_machine_are_found() {
        for place in PLACES {
            assert_eq!(found(&format!("cd /{place}/x")), 1, "{place}");
            assert_eq!(found(&format!("\"/{place}\"")), 1, "{place}");
        }
        for fine in ["the net/work/place", "https://example.com/home", "$HOME/work", "/workspace/x", "/homes", "docs/root/a.md"]
        {
            assert_eq!(found(fine), 0, "{fine}");
        }
    }
}
