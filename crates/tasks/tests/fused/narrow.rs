//! T-036: the row that every step rewrites is narrow, and what belongs to an attempt, a handler or people is elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use levada_store::alphabets::FailureClass;
use levada_store::limits::FAILURE_MESSAGE_BYTES_MAX;
use levada_tasks::rules::TagOwner;
use levada_tasks::spec::{Fail, Failure, NewExecution, ProgressNote};
use levada_testing_postgres::{Database, database};

use crate::counts::Node;

const BYTES_MAX: f64 = 250.0;

fn average(database: &Database) -> f64 {
    database.sql("SELECT avg(pg_column_size(e.*)) FROM levada.execution e").unwrap().trim().parse().unwrap()
}

fn version(database: &Database) -> String {
    database.sql("SELECT string_agg(xmin::text, ',' ORDER BY id) FROM levada.execution").unwrap()
}

#[tokio::test]
async fn t_036_hot_row_is_narrow() {
    let Some(database) = database() else { return };
    let node = Node::on(&database).await;
    for number in 0..20 {
        let new = NewExecution::of_kind("mail.send").named(&format!("order-{number}")).with_input(vec![7; 4096]);
        node.tasks.create_execution(new).await.unwrap();
    }
    assert!(average(&database) <= BYTES_MAX, "ready: {}", average(&database));
    let claimed = node.claim(20, 1).await;
    assert!(average(&database) <= BYTES_MAX, "active: {}", average(&database));
    let before = version(&database);
    let note = |handle| ProgressNote { handle, permille: Some(500), note: "half of it".to_owned() };
    let noted = node.tasks.progress(claimed.iter().map(|one| note(one.handle)).collect()).await.unwrap();
    assert!(noted.iter().all(Result::is_ok));
    for one in &claimed {
        let tags = BTreeMap::from([("team".to_owned(), "red".to_owned())]);
        node.tasks.change_tags(TagOwner::Execution(one.handle.execution), tags, BTreeSet::new()).await.unwrap();
    }
    assert_eq!(version(&database), before, "neither progress nor tags rewrite it");
    let message = "x".repeat(FAILURE_MESSAGE_BYTES_MAX);
    let failure = Failure { class: FailureClass::Transient, code: "code".to_owned(), message };
    let items = claimed.iter().map(|one| Fail { handle: one.handle, failure: failure.clone() }).collect();
    assert!(node.tasks.fail(items, None).await.unwrap().0.iter().all(Result::is_ok));
    assert!(average(&database) <= BYTES_MAX, "failed: {}", average(&database));
}
