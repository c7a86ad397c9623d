//! Words that not every store can keep or look for.

use levada_base::{World, codes};
use levada_store::alphabets::FailureClass;
use levada_store::{Cursor, Filter, MemoryStore, RunFilter, Store};
use levada_tasks::Settings;
use levada_tasks::spec::{ClaimRequest, Fail, Failure, NewExecution};

use crate::node::{Node, Result};

const ZERO: &str = "a\0b";

/// G-8: the character with number zero is refused before a store sees it; in what a worker tells people it is replaced.
pub async fn zero_is_in_no_row<S: Store>(node: Node<S>) -> Result {
    let tasks = &node.tasks;
    let keyed = NewExecution { request_key: Some(ZERO.to_owned()), ..NewExecution::of_kind("work") };
    let claim = ClaimRequest {
        namespaces: Some(vec![ZERO.to_owned()]),
        ..ClaimRequest::of_lane("default", "w", 1, tasks.store_token())
    };
    let refusals = [
        tasks.create_execution(keyed).await.map(drop),
        tasks.claim(claim).await.map(drop),
        tasks.heartbeat_worker(ZERO).await.map(drop),
        tasks.list_runs(RunFilter { name: Some(ZERO.to_owned()), ..RunFilter::default() }, None, 1).await.map(drop),
        tasks.events(Cursor::default(), &Filter { lanes: vec![ZERO.to_owned()], ..Filter::default() }, 1).await.map(drop),
    ];
    assert_eq!(refusals.map(|refused| refused.map_err(|error| error.code())), [Err(codes::LV_T001); 5]);
    let id = tasks.create_execution(NewExecution::of_kind("work")).await?.into_inner().0;
    let handle = node.claim(1).await?[0].handle;
    let failure = Failure { class: FailureClass::Permanent, code: "broken".to_owned(), message: ZERO.to_owned() };
    let (results, _) = tasks.fail(vec![Fail { handle, failure }], None).await?;
    assert!(results[0].is_ok(), "{results:?}");
    assert_eq!(tasks.attempts(id).await?[0].failure_message.as_deref(), Some("a\u{fffd}b"));
    Ok(())
}

#[tokio::test]
async fn g_08_zero_is_in_no_row() -> Result {
    let (world, clock) = World::sim(7);
    let store = MemoryStore::new(world.clone());
    zero_is_in_no_row(Node::on(store, world, clock, Settings::without_background()).await?).await
}
