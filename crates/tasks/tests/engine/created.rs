//! What is created can be claimed at once, with all background work off.

use levada_store::alphabets::{EventKind, PublicState};
use levada_tasks::rules::Created;
use levada_tasks::spec::{NewExecution, Renew};

use crate::node::{Node, Result, chain, code};

#[tokio::test]
async fn t_001_created_is_claimable_by_the_very_next_claim() -> Result {
    let node = Node::open().await?;
    let made = node.tasks.create_execution(NewExecution::of_kind("work").with_input("x")).await?;
    let Created::Created((id, PublicState::Ready)) = made else { panic!("{made:?}") };
    let claimed = node.claim(10).await?;
    assert_eq!(claimed.iter().map(|one| one.handle.execution).collect::<Vec<_>>(), [id]);
    assert_eq!(node.claim(10).await?, [], "nothing is given twice");
    Ok(())
}

#[tokio::test]
async fn t_028_run_ends_in_the_transaction_of_its_last_member() -> Result {
    let node = Node::open().await?;
    let run = node.submit(chain(3)).await?;
    for name in ["m0", "m1", "m2"] {
        assert_eq!(node.outcome(run).await?, None);
        let handle = node.claim_named(name).await?;
        node.complete(handle).await?;
    }
    let view = node.tasks.describe_run(run).await?.run;
    assert_eq!((view.outcome.map(|outcome| outcome.word()), view.settled_succeeded), (Some("succeeded"), 3));
    assert_eq!(node.events(EventKind::RunEnded).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn t_028_a_large_run_ends_in_the_settlement_of_its_last_member() -> Result {
    let node = Node::with_inline_run_max(0).await?;
    let run = node.submit(chain(3)).await?;
    for name in ["m0", "m1", "m2"] {
        let handle = node.claim_named(name).await?;
        node.complete(handle).await?;
        assert_eq!(node.claim(1).await?, [], "the end is marked and not settled yet");
        let report = node.tasks.tick("settle").await?;
        assert_eq!(report.count("settled"), 1);
        assert_eq!(report.count("runs_ended"), u64::from(name == "m2"));
    }
    assert_eq!(node.outcome(run).await?.map(|outcome| outcome.word()), Some("succeeded"));
    assert!(node.tasks.tick("settle").await?.is_idle());
    Ok(())
}

#[tokio::test]
async fn t_056_a_handle_of_another_store_is_refused_and_spares_the_others() -> Result {
    let (node, other) = (Node::open().await?, Node::open().await?);
    for tasks in [&node.tasks, &other.tasks] {
        tasks.create_execution(NewExecution::of_kind("work")).await?;
    }

    let own = node.claim(1).await?[0].handle;
    let mut foreign = other.claim(1).await?[0].handle;
    foreign.store.0 ^= 1;
    let results =
        node.tasks.renew(vec![Renew { handle: foreign, ttl_ms: 5_000 }, Renew { handle: own, ttl_ms: 5_000 }]).await?;
    let codes: Vec<_> = results.into_iter().map(code).collect();
    assert_eq!(codes, ["LV-T110", "none"]);
    assert_eq!(code(node.tasks.give_back(foreign).await), "LV-T110");
    Ok(())
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused() -> Result {
    let mut settings = levada_tasks::Settings::without_background();
    settings.node = String::new();
    let (world, clock) = levada_base::World::sim(1);
    let store = levada_store::MemoryStore::new(world.clone());
    assert_eq!(code(Node::on(store, world, clock, settings).await), "LV-T001");
    Ok(())
}
