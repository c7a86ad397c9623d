//! Operators' verbs, their bulk forms and their dry runs; tags.

use std::collections::{BTreeMap, BTreeSet};

use levada_store::alphabets::{EventKind, FailureClass, Outcome, PublicState};
use levada_store::{ExecutionFilter, ExecutionId};
use levada_tasks::ops::{BulkVerb, Selection};
use levada_tasks::rules::{Applied, TagOwner};
use levada_tasks::spec::{NewExecution, RestartOptions};

use crate::node::{Node, Result, chain, code};

#[tokio::test]
async fn t_126_verbs_act_on_one_and_name_their_actor() -> Result {
    let node = Node::open().await?;
    let id = node.tasks.create_execution(NewExecution::of_kind("work")).await?.into_inner().0;
    assert_eq!(node.tasks.hold(id, "ann").await?, Applied::Applied);
    assert_eq!(node.tasks.hold(id, "ann").await?, Applied::AlreadyApplied);
    assert_eq!(node.claim(1).await?, []);
    node.tasks.release(id, "bob").await?;
    node.tasks.change_priority(id, 7, "cat").await?;
    assert_eq!(node.claim(1).await?[0].priority, 7);
    node.tasks.override_outcome(id, Outcome::Skipped, None, "dan").await?;
    assert_eq!(node.state(id).await?, PublicState::Skipped);
    assert_eq!(code(node.tasks.hold(id, "ann").await), "LV-T104");
    for (kind, actor) in [
        (EventKind::Held, "ann"),
        (EventKind::Released, "bob"),
        (EventKind::PriorityChanged, "cat"),
        (EventKind::OperatorAction, "dan"),
    ] {
        let events = node.events(kind).await?;
        assert_eq!(events.iter().map(|event| event.actor.as_deref()).collect::<Vec<_>>(), [Some(actor)], "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn t_126_bulk_calls_count_first_and_then_act_on_each() -> Result {
    let node = Node::open().await?;
    for n in 0..70 {
        node.tasks.create_execution(NewExecution::of_kind("work").in_lane(if n < 60 { "mail" } else { "print" })).await?;
    }
    let mail = || Selection::Filter(ExecutionFilter { lane: Some("mail".to_owned()), ..ExecutionFilter::default() });
    let dry = node.tasks.bulk(BulkVerb::Cancel, mail(), true, "ann").await?;
    assert_eq!((dry.matched, dry.applied), (60, 0));
    assert_eq!(node.events(EventKind::Ended).await?.len(), 0, "a dry run does nothing");
    let done = node.tasks.bulk(BulkVerb::Cancel, mail(), false, "ann").await?;
    assert_eq!((done.matched, done.applied, done.already_applied, done.refused), (60, 60, 0, 0));
    let again = node.tasks.bulk(BulkVerb::Cancel, mail(), false, "ann").await?;
    assert_eq!((again.applied, again.already_applied), (0, 60));
    let held = node.tasks.bulk(BulkVerb::Hold, Selection::Ids(vec![ExecutionId(1)]), false, "ann").await?;
    assert_eq!(
        held.refusals.iter().map(|(id, error)| (*id, error.code().to_string())).collect::<Vec<_>>(),
        [(ExecutionId(1), "LV-T002".to_owned())]
    );
    Ok(())
}

#[tokio::test]
async fn t_076_a_failed_run_is_begun_again_from_its_failures() -> Result {
    let node = Node::open().await?;
    let run = node.submit(chain(3)).await?;
    let first = node.claim_named("m0").await?;
    node.complete(first).await?;
    let second = node.claim_named("m1").await?;
    node.fail(second, FailureClass::Permanent).await?;
    assert_eq!(node.outcome(run).await?, Some(Outcome::Failed));
    let restarted = node.tasks.retry_failed(run, false, "ann").await?;
    assert!(restarted.run_reopened);
    for name in ["m1", "m2"] {
        let handle = node.claim_named(name).await?;
        node.complete(handle).await?;
    }
    assert_eq!(node.outcome(run).await?, Some(Outcome::Succeeded));
    let from = node.member(run, "m2").await?;
    node.tasks.restart_run_from(run, from, RestartOptions::default(), "ann").await?;
    assert_eq!(node.state(from).await?, PublicState::Ready);
    Ok(())
}

#[tokio::test]
async fn tags_are_changed_listed_and_limited() -> Result {
    let node = Node::open().await?;
    let id = node.tasks.create_execution(NewExecution::of_kind("work")).await?.into_inner().0;
    let owner = TagOwner::Execution(id);
    let put = BTreeMap::from([("team.name".to_owned(), "red".to_owned()), ("tier".to_owned(), "1".to_owned())]);
    assert_eq!(node.tasks.change_tags(owner, put.clone(), BTreeSet::new()).await?, Applied::Applied);
    assert_eq!(node.tasks.change_tags(owner, put.clone(), BTreeSet::new()).await?, Applied::AlreadyApplied);
    let tagged = ExecutionFilter { tag: Some(("tier".to_owned(), "1".to_owned())), ..ExecutionFilter::default() };
    assert_eq!(node.tasks.list_executions(tagged, None, 10).await?.items[0].tags, put);
    node.tasks.change_tags(owner, BTreeMap::new(), BTreeSet::from(["tier".to_owned()])).await?;
    assert_eq!(node.tasks.describe_execution(id).await?.tags.len(), 1);
    let bad = BTreeMap::from([("Tier".to_owned(), "1".to_owned())]);
    assert_eq!(code(node.tasks.change_tags(owner, bad, BTreeSet::new()).await), "LV-T001");
    let many = (0..32).map(|n| (format!("k{n}"), String::new())).collect();
    assert_eq!(code(node.tasks.change_tags(owner, many, BTreeSet::new()).await), "LV-T003");
    assert_eq!(code(node.tasks.change_tags(TagOwner::Execution(ExecutionId(1)), put, BTreeSet::new()).await), "LV-T002");
    Ok(())
}
