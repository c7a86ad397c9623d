//! A query in Levada: the data set pushed slice by slice into a database of its own.

use anyhow::{Context, Result};
use arrow::array::RecordBatch;
use futures::executor::block_on;
use levada::{Database, Outcome, SourceHandle};
use levada_connectors::nexmark::Table;

use crate::dataset::{DataSet, name};
use crate::measure::{Cost, Measuring};
use crate::queries::{Query, SOURCES};

/// Every change of the result, with its weight, into a sink that keeps nothing. Timed from the first push to the end of input.
pub fn changelog(query: &Query, data: &DataSet, shards: usize) -> Result<Cost> {
    let database = open(shards)?;
    execute(&database, &format!("CREATE SINK result WITH (connector = 'blackhole') ENVELOPE DIFF AS {}", query.sql))?;
    let sources = sources(&database, query.tables)?;
    let measuring = Measuring::start()?;
    push(&sources, data)?;
    let cost = measuring.stop()?;
    database.close()?;
    Ok(cost)
}

/// The result as a materialized view holds it in the end.
pub fn content(query: &Query, data: &DataSet, shards: usize) -> Result<Vec<RecordBatch>> {
    let database = open(shards)?;
    execute(&database, &format!("CREATE MATERIALIZED VIEW result AS {}", query.sql))?;
    push(&sources(&database, query.tables)?, data)?;
    Ok(database.query_blocking("SELECT * FROM result")?.batches)
}

/// The operators of the query, as EXPLAIN prints them.
pub fn explain(query: &Query, shards: usize) -> Result<String> {
    let database = open(shards)?;
    let rows = block_on(database.query(&format!("EXPLAIN CREATE MATERIALIZED VIEW result AS {}", query.sql)))?;
    Ok(levada::format_rows(&rows))
}

fn open(shards: usize) -> Result<Database> {
    let database = Database::builder().shards(shards).open_in_memory()?;
    block_on(database.execute_script(SOURCES))?;
    Ok(database)
}

fn execute(database: &Database, sql: &str) -> Result<Outcome> {
    database.execute_blocking(sql).with_context(|| sql.to_owned())
}

fn sources(database: &Database, tables: &[Table]) -> Result<Vec<(Table, SourceHandle)>> {
    tables.iter().map(|&table| Ok((table, database.source(name(table))?))).collect()
}

fn push(sources: &[(Table, SourceHandle)], data: &DataSet) -> Result<()> {
    for slice in &data.slices {
        for (table, batch) in &slice.batches {
            let source = sources.iter().find(|(known, _)| known == table);
            let (_, source) = source.with_context(|| format!("rows of \"{}\", which is not read", name(*table)))?;
            source.push_blocking(batch.clone())?;
        }
    }
    for (_, source) in sources {
        block_on(source.end_of_input())?;
    }
    Ok(())
}
