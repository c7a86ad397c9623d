//! The same query in DataFusion's batch engine, over the same rows in memory: what is right, and how fast it can be had at once.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use arrow::array::RecordBatch;
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};
use levada::World;
use tokio::runtime::Runtime;

use crate::dataset::{DataSet, name};
use crate::queries::Query;

/// A query with its tables in memory, cut into as many partitions as there are threads.
pub struct Baseline {
    context: SessionContext,
    runtime: Runtime,
    sql: &'static str,
}

impl Baseline {
    pub fn new(data: &DataSet, query: &Query, partitions: usize) -> Result<Self> {
        let config = SessionConfig::new().with_target_partitions(partitions);
        let context = SessionContext::new_with_config(config);
        for &table in query.tables {
            let rows = split(data.table(table), partitions);
            context.register_table(name(table), Arc::new(MemTable::try_new(table.schema(), rows)?))?;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(partitions).enable_all().build()?;
        Ok(Self { context, runtime, sql: query.batch })
    }

    /// The result.
    pub fn rows(&self) -> Result<Vec<RecordBatch>> {
        Ok(self.runtime.block_on(async { self.context.sql(self.sql).await?.collect().await })?)
    }

    /// The shortest of `times` runs, planning included.
    pub fn time(&self, times: usize) -> Result<Duration> {
        let world = World::real();
        let mut best = Duration::MAX;
        for _ in 0..times.max(1) {
            let start = world.clock().elapsed();
            self.rows()?;
            best = best.min(world.clock().elapsed() - start);
        }
        Ok(best)
    }
}

/// Contiguous parts of nearly the same number of batches.
fn split(mut batches: Vec<RecordBatch>, parts: usize) -> Vec<Vec<RecordBatch>> {
    let parts = parts.max(1);
    let share = batches.len().div_ceil(parts);
    let mut split = Vec::with_capacity(parts);
    for _ in 0..parts {
        let rest = batches.split_off(share.min(batches.len()));
        split.push(std::mem::replace(&mut batches, rest));
    }
    split
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::DataSet;
    use levada_connectors::nexmark::Table;

    #[test]
    fn parts_are_contiguous_and_lose_nothing() {
        let batches = DataSet::generate(1_000, 100, &[Table::Bid]).table(Table::Bid);
        for parts in [1, 2, 3, 10, 11] {
            let split = split(batches.clone(), parts);
            assert_eq!(split.len(), parts);
            assert_eq!(split.concat(), batches);
        }
    }
}
