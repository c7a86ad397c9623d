//! What the rules need of a `Cargo.toml`: the package's name, its targets' roots and which packages it depends on.

use anyhow::{Context, Result};
use toml::{Table, Value};

pub struct Manifest {
    /// Relative to the root, without a slash at the end; empty for the root.
    pub directory: String,
    /// None for a workspace without a package.
    pub package: Option<String>,
    pub dependencies: Vec<Dependency>,
    /// Roots of targets that are named in the manifest, relative to the repository's root.
    pub target_roots: Vec<String>,
}

pub struct Dependency {
    /// As the manifest spells it; the workspace's own packages are never renamed.
    pub name: String,
    pub kind: DependencyKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum DependencyKind {
    /// Linked into what is shipped, or run while building it.
    Normal,
    /// For tests, examples and benches.
    Dev,
}

impl Manifest {
    pub fn parse(directory: &str, text: &str) -> Result<Self> {
        let table: Table = text.parse().context("not TOML")?;
        let package = table.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
        let mut dependencies = dependencies(&table);
        for (_, platform) in table.get("target").and_then(Value::as_table).into_iter().flatten() {
            dependencies.extend(platform.as_table().map(self::dependencies).unwrap_or_default());
        }
        Ok(Self {
            directory: directory.to_owned(),
            package: package.map(str::to_owned),
            dependencies,
            target_roots: target_roots(directory, &table),
        })
    }

    pub fn path(&self) -> String {
        join(&self.directory, "Cargo.toml")
    }
}

/// A path below a directory that may be the root.
pub fn join(directory: &str, path: &str) -> String {
    if directory.is_empty() { path.to_owned() } else { format!("{directory}/{path}") }
}

fn dependencies(table: &Table) -> Vec<Dependency> {
    let sections = [
        ("dependencies", DependencyKind::Normal),
        ("build-dependencies", DependencyKind::Normal),
        ("dev-dependencies", DependencyKind::Dev),
    ];
    let mut found = Vec::new();
    for (section, kind) in sections {
        for (key, value) in table.get(section).and_then(Value::as_table).into_iter().flatten() {
            let name = value.get("package").and_then(Value::as_str).unwrap_or(key);
            found.push(Dependency { name: name.to_owned(), kind });
        }
    }
    found
}

fn target_roots(directory: &str, table: &Table) -> Vec<String> {
    let one = table.get("lib").into_iter();
    let lists = ["bin", "test", "bench", "example"].into_iter().filter_map(|kind| table.get(kind)?.as_array()).flatten();
    one.chain(lists).filter_map(|target| Some(join(directory, target.get("path")?.as_str()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_is_read_and_renames_are_seen_through() -> Result<()> {
        let text = "[package]\nname = \"x\"\n[lib]\npath = \"src/x.rs\"\n[dependencies]\na = { workspace = true }\n\
                    df = { package = \"datafusion\", version = \"1\" }\n[dev-dependencies]\nb = \"1\"\n\
                    [target.'cfg(unix)'.dependencies]\nc = \"1\"\n";
        let manifest = Manifest::parse("crates/x", text)?;
        let names: Vec<&str> = manifest.dependencies.iter().map(|found| found.name.as_str()).collect();
        assert_eq!(names, ["a", "datafusion", "b", "c"]);
        assert!(manifest.dependencies.iter().all(|found| (found.kind == DependencyKind::Dev) == (found.name == "b")));
        assert_eq!(manifest.target_roots, ["crates/x/src/x.rs"]);
        assert_eq!(manifest.path(), "crates/x/Cargo.toml");
        Ok(())
    }
}
