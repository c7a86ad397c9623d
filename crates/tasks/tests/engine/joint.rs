//! Joint commits: plans are bound to what they read, and commit with other commands or not at all.

use levada_store::alphabets::PublicState;
use levada_store::rows::{Facts, Lane};
use levada_store::{Command, Store, Token};
use levada_tasks::rules::{Claim, CompleteExecutions, HoldExecution, LaneChange};
use levada_tasks::spec::{ClaimRequest, Complete, Handle, NewExecution, Payload};

use crate::node::{Node, Result, chain, code};

fn completion(handle: Handle) -> CompleteExecutions {
    CompleteExecutions { items: vec![Complete { handle, result: Payload::Void, facts: Facts::default() }], next: None }
}

/// A row of another family that is to be written in the same transaction.
fn foreign() -> Command {
    let state = levada_store::alphabets::LaneState::Open;
    Command::Put(Lane { name: "foreign".to_owned(), state, max_active: None, changed_ms: 0 }.into())
}

async fn has_foreign(node: &Node) -> Result<bool> {
    Ok(node.tasks.store().dump().await?.lanes.contains_key("foreign"))
}

#[tokio::test]
async fn t_077_an_end_and_other_commands_commit_together() -> Result {
    let node = Node::open().await?;
    let run = node.submit(chain(2)).await?;
    let handle = node.claim_named("m0").await?;
    let plan = node.tasks.plan(completion(handle)).await?;
    assert!(!plan.is_empty());
    assert_eq!(node.state(handle.execution).await?, PublicState::Active, "a plan changes nothing");
    node.advance_ms(5);
    node.tasks.commit(vec![plan], vec![foreign()]).await?;
    assert_eq!(node.state(handle.execution).await?, PublicState::Succeeded);
    assert_eq!(node.state(node.member(run, "m1").await?).await?, PublicState::Ready, "its consequences are drawn");
    assert!(has_foreign(&node).await?);
    Ok(())
}

#[tokio::test]
async fn t_077_a_plan_out_of_date_commits_nothing() -> Result {
    let node = Node::open().await?;
    let id = node.tasks.create_execution(NewExecution::of_kind("work")).await?.into_inner().0;
    let other = node.tasks.create_execution(NewExecution::of_kind("work").named("other")).await?.into_inner().0;
    let hold = |execution| HoldExecution { execution, actor: "ann".to_owned() };
    let plans = vec![node.tasks.plan(hold(other)).await?, node.tasks.plan(hold(id)).await?];
    node.tasks.change_priority(id, 5, "bob").await?;
    assert_eq!(code(node.tasks.commit(plans, vec![foreign()]).await), "LV-T218");
    assert_eq!(node.state(other).await?, PublicState::Ready, "all or nothing");
    assert!(!has_foreign(&node).await?);
    let plans = vec![node.tasks.plan(hold(other)).await?, node.tasks.plan(hold(id)).await?];
    node.tasks.commit(plans, Vec::new()).await?;
    assert_eq!([node.state(other).await?, node.state(id).await?], [PublicState::Held; 2]);
    assert_eq!(node.claim(2).await?, []);
    Ok(())
}

#[tokio::test]
async fn t_077_claims_of_one_commit_share_the_room_of_a_lane() -> Result {
    let node = Node::open().await?;
    for _ in 0..2 {
        node.tasks.create_execution(NewExecution::of_kind("work")).await?;
    }
    node.tasks.change_lane("default", LaneChange::Create { max_active: Some(1) }, "ann").await?;
    let mut plans = Vec::new();
    for number in 1..=2 {
        let request = ClaimRequest::of_lane("default", "w", 1, Token(number));
        plans.push(
            node.tasks
                .plan(Claim { request, leases: vec![Token(10 + number)], store: Token(node.tasks.store().instance()) })
                .await?,
        );
    }
    node.tasks.commit(plans, Vec::new()).await?;
    let rows = node.tasks.store().dump().await?.executions;
    assert_eq!(rows.values().filter(|row| row.public_state() == PublicState::Active).count(), 1);
    Ok(())
}

#[tokio::test]
async fn t_077_a_lost_lease_aborts_the_whole_commit() -> Result {
    let node = Node::open().await?;
    node.tasks.create_execution(NewExecution::of_kind("work")).await?;
    node.tasks.create_execution(NewExecution::of_kind("work")).await?;
    let claimed = node.claim(2).await?;
    let plans =
        vec![node.tasks.plan(completion(claimed[0].handle)).await?, node.tasks.plan(completion(claimed[1].handle)).await?];
    node.advance_ms(30_001);
    assert_eq!(code(node.tasks.commit(plans, vec![foreign()]).await), "LV-T102", "the lease ended, nobody swept it yet");
    assert!(!has_foreign(&node).await?);
    assert_eq!(node.state(claimed[0].handle.execution).await?, PublicState::Active);
    assert_eq!(code(node.tasks.plan(completion(claimed[0].handle)).await), "LV-T102", "it cannot even be planned");
    Ok(())
}
