//! The raw figures of every run (P-12): a line of JSON each, for whoever compares them later.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;

use anyhow::{Context, Result};
use levada_base::{World, WriteFile};
use serde_json::{Value, json};

use super::figure::Figures;

/// A file of raw figures that grows; or none, if nobody asked for it.
pub struct Raw(Option<Box<dyn WriteFile>>);

impl Raw {
    pub fn to(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else { return Ok(Self(None)) };
        let file = World::real().files().create(path).with_context(|| format!("\"{}\" takes no figures", path.display()))?;
        Ok(Self(Some(file)))
    }

    /// One run of a scenario.
    pub fn add(&mut self, store: &str, scenario: &str, nth: usize, figures: &Figures) -> Result<()> {
        let Some(file) = &mut self.0 else { return Ok(()) };
        let values: Vec<_> =
            figures.0.iter().map(|one| json!({ "name": one.name, "unit": one.unit, "value": one.value })).collect();
        let line = json!({ "store": store, "scenario": scenario, "run": nth, "figures": values });
        writeln!(file, "{line}")?;
        Ok(file.flush()?)
    }
}

/// A figure by its name, as it was measured by another build.
pub type Measured = Vec<(String, f64)>;

/// The figures of the only run in a file.
pub fn read(path: &Path) -> Result<Measured> {
    let file = World::real().files().open(path).with_context(|| format!("\"{}\" has no figures", path.display()))?;
    let line = BufReader::new(file).lines().next().context("no run in it")??;
    let run: Value = serde_json::from_str(&line)?;
    let figures = run["figures"].as_array().context("no figures in it")?;
    let one = |figure: &Value| Some((figure["name"].as_str()?.to_owned(), figure["value"].as_f64()?));
    figures.iter().map(|figure| one(figure).context("a figure without a name or a value")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_build_writes_another_reads() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("raw.jsonl");
        let mut figures = Figures::default();
        figures.add("drain, \"quoted\"", "1/s", 1_234.5, None);
        figures.add("claim, p99", "ms", 0.125, None);
        Raw::to(Some(&path)).unwrap().add("sqlite", "PB-1", 0, &figures).unwrap();
        let expected = [("drain, \"quoted\"".to_owned(), 1_234.5), ("claim, p99".to_owned(), 0.125)];
        assert_eq!(read(&path).unwrap(), expected);
        assert!(read(&place.path().join("none")).is_err());
    }
}
