//! The in-memory store passes the exam of every store, in simulated and in real time.

use std::collections::BTreeSet;

use levada_base::Error;
use levada_store::MemoryStore;
use levada_store::conformance::{Factory, Setup, Time, examine, suite};

struct Memory;

impl Factory for Memory {
    type Store = MemoryStore;

    async fn make(&self, setup: Setup) -> Result<MemoryStore, Error> {
        Ok(MemoryStore::with_inline_run_max(setup.world, setup.inline_run_max))
    }
}

#[tokio::test]
async fn t_100_conformance_of_the_memory_store() {
    let report = examine(&Memory, Time::Simulated, |_| true).await;
    assert!(report.failures.is_empty(), "{report}");
    assert!(report.cases >= 200, "{} cases", report.cases);
}

#[tokio::test]
async fn t_100_conformance_of_the_memory_store_in_real_time() {
    let report = examine(&Memory, Time::Real, |_| true).await;
    assert!(report.failures.is_empty(), "{report}");
    assert!(report.cases >= 200, "{} cases", report.cases);
}

#[test]
fn names_of_cases_are_distinct() {
    let cases = suite::<Memory>(Time::Simulated);
    let names: BTreeSet<_> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len());
}
