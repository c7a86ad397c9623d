//! One query in this process: timed, compared with batch, its figures printed as one line.

use anyhow::{Context, Result};
use clap::Args;

use super::Setting;
use crate::baseline::Baseline;
use crate::dataset::DataSet;
use crate::measure::Cost;
use crate::queries::{Query, find};
use crate::report::Figures;
use crate::{engine, rows};

#[derive(Debug, Args)]
pub struct Arguments {
    query: String,
    #[arg(long)]
    events: u64,
    #[command(flatten)]
    setting: Setting,
    /// Prints the operators instead
    #[arg(long)]
    explain: bool,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let query = find(&arguments.query)?;
    if arguments.explain {
        print!("{}", engine::explain(&query, arguments.setting.shards)?);
        return Ok(());
    }
    let data = DataSet::generate(arguments.events, arguments.setting.batch, query.tables);
    println!("{}", figures(&query, &data, &arguments.setting)?.print());
    Ok(())
}

fn figures(query: &Query, data: &DataSet, setting: &Setting) -> Result<Figures> {
    let levada = levada(query, data, setting)?;
    if setting.only {
        return Ok(Figures { levada, batch: None });
    }
    let one = Baseline::new(data, query, 1)?;
    let found = engine::content(query, data, setting.shards)?;
    rows::check_equal(&found, &one.rows()?).context("the result is not that of DataFusion")?;
    drop(found);
    let batch = [one.time(setting.repeat)?, Baseline::new(data, query, 2)?.time(setting.repeat)?];
    Ok(Figures { levada, batch: Some(batch) })
}

/// The cost of the shortest run; the memory is the first run's, which starts with none of its own.
fn levada(query: &Query, data: &DataSet, setting: &Setting) -> Result<Cost> {
    let first = engine::changelog(query, data, setting.shards)?;
    let mut best = first;
    for _ in 1..setting.repeat {
        let cost = engine::changelog(query, data, setting.shards)?;
        if cost.wall < best.wall {
            best = cost;
        }
    }
    Ok(Cost { memory_bytes: first.memory_bytes, ..best })
}
