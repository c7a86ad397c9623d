//! The queries by name: their text, their tables, and the batch query that says what is right.

use anyhow::{Result, anyhow};
use levada_connectors::nexmark::Table;

/// One query.
#[derive(Debug, Clone, Copy)]
pub struct Query {
    pub name: &'static str,
    /// As a continuous query of Levada.
    pub sql: &'static str,
    /// As a batch query of DataFusion, which has no windows over time of its own.
    pub batch: &'static str,
    pub tables: &'static [Table],
}

/// `CREATE SOURCE` for all tables, pushed into by the program.
pub const SOURCES: &str = include_str!("../queries/sources.sql");

/// The query of a file, whose batch form is the same text or that of another file.
macro_rules! query {
    ($name:literal, $tables:expr) => {
        Query {
            name: $name,
            sql: include_str!(concat!("../queries/", $name, ".sql")),
            batch: include_str!(concat!("../queries/", $name, ".sql")),
            tables: $tables,
        }
    };
    ($name:literal, $tables:expr, with batch form) => {
        Query { batch: include_str!(concat!("../queries/", $name, ".batch.sql")), ..query!($name, $tables) }
    };
}

const BID: &[Table] = &[Table::Bid];
const AUCTION_BID: &[Table] = &[Table::Auction, Table::Bid];
const PERSON_AUCTION: &[Table] = &[Table::Person, Table::Auction];

/// All queries.
pub const QUERIES: &[Query] = &[
    query!("q0", BID),
    query!("q1", BID),
    query!("q2", BID),
    query!("q3", PERSON_AUCTION),
    query!("q4", AUCTION_BID),
    query!("q5", BID, with batch form),
    query!("q7", BID, with batch form),
    query!("q8", PERSON_AUCTION, with batch form),
    query!("q9", AUCTION_BID),
    query!("q12", BID, with batch form),
    query!("q15", BID),
    query!("q17", BID),
    query!("q18", BID),
    query!("q19", BID, with batch form),
    query!("q20", AUCTION_BID),
];

/// The query of that name.
pub fn find(name: &str) -> Result<Query> {
    let known = || QUERIES.iter().map(|query| query.name).collect::<Vec<_>>().join(", ");
    QUERIES
        .iter()
        .find(|query| query.name == name)
        .copied()
        .ok_or_else(|| anyhow!("no query \"{name}\"; there are {}", known()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::DataSet;
    use crate::{baseline, engine, rows};

    /// Events of the check below: enough for several windows at this rate would be millions, so these end within the first one.
    const EVENTS: u64 = 3_000;

    #[test]
    fn names_are_unique_and_an_unknown_one_is_told_what_there_is() {
        for (at, query) in QUERIES.iter().enumerate() {
            assert_eq!(QUERIES.iter().position(|other| other.name == query.name), Some(at));
        }
        assert!(find("q99").unwrap_err().to_string().ends_with("q19, q20"));
    }

    #[test]
    fn every_query_runs_and_gives_what_its_batch_form_gives() {
        for query in QUERIES {
            let data = DataSet::generate(EVENTS, 700, query.tables);
            for shards in [1, 2] {
                let found = engine::content(query, &data, shards).unwrap_or_else(|error| panic!("{}: {error:#}", query.name));
                let wanted = baseline::Baseline::new(&data, query, 1).and_then(|batch| batch.rows());
                let wanted = wanted.unwrap_or_else(|error| panic!("{}: {error:#}", query.name));
                rows::check_equal(&found, &wanted).unwrap_or_else(|error| panic!("{} on {shards} shards: {error}", query.name));
                assert!(found.iter().any(|batch| batch.num_rows() > 0), "{} gives nothing to compare", query.name);
            }
        }
    }
}
