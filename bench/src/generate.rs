//! `gen`: the Nexmark tables as files, for engines that read files.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use levada::World;
use levada_connect::{FormatSpec, Options, Registry};
use levada_connectors::nexmark::{Config, Generator, Table};

use crate::dataset::name;

/// Rows made and written at a time.
const BATCH_ROWS: u64 = 8_192;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Events of all three tables
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// Directory to write bid, auction and person into
    #[arg(long)]
    out: PathBuf,
    /// csv, json, parquet or arrow
    #[arg(long, default_value = "parquet")]
    format: String,
    /// Another seed gives other rows
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Events a second of event time
    #[arg(long, default_value_t = 100_000)]
    event_rate: u64,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let world = World::real();
    let mut registry = Registry::default();
    levada_formats::register_all(&mut registry)?;
    let spec = FormatSpec { name: arguments.format.clone(), position: None, options: Options::default() };
    let format = registry.format(&spec)?;
    let Some(extension) = format.extensions().first() else { bail!("format \"{}\" has no file name ending", arguments.format) };
    let generator = Generator::new(Config { seed: arguments.seed, event_rate: arguments.event_rate });
    for table in [Table::Bid, Table::Auction, Table::Person] {
        let path = arguments.out.join(name(table)).with_extension(extension);
        let file = world.files().create(&path).with_context(|| path.display().to_string())?;
        let columns: Vec<usize> = (0..table.schema().fields().len()).collect();
        let mut encoder = format.encoder(file, table.schema(), &spec.options)?;
        let rows = table.rows(arguments.events);
        let mut at = 0;
        while at < rows {
            let to = rows.min(at + BATCH_ROWS);
            encoder.write(&generator.batch(table, at..to, &columns))?;
            at = to;
        }
        encoder.finish()?;
        println!("{}: {rows} rows", path.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use levada::Database;

    use super::*;

    #[test]
    fn every_format_holds_the_rows_of_every_table() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open_in_memory().unwrap();
        for format in ["csv", "json", "parquet", "arrow"] {
            let out = directory.path().join(format);
            run(&Arguments { events: 20_000, out: out.clone(), format: format.to_owned(), seed: 42, event_rate: 100_000 })
                .unwrap();
            for (table, rows) in [("bid", 18_400), ("auction", 1_200), ("person", 400)] {
                let files: Vec<PathBuf> = World::real().files().list(&out).unwrap();
                let path = files.into_iter().find(|path| path.file_stem().is_some_and(|stem| stem == table)).unwrap();
                let counted = database.query_blocking(&format!("SELECT count(*), max(seq) < 20000 FROM '{}'", path.display()));
                assert_eq!(
                    counted.unwrap().texts(),
                    [[Some(rows.to_string()), Some("true".to_owned())]],
                    "{table} as {format}"
                );
            }
        }
    }

    #[test]
    fn an_unknown_format_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().to_owned();
        let arguments = Arguments { events: 1, out, format: "orc".to_owned(), seed: 42, event_rate: 1 };
        assert!(run(&arguments).unwrap_err().to_string().contains("LV-C001"));
    }
}
