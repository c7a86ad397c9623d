//! That everything is explained is worth something only if what is lost is not: a state in which nobody acts next is told apart.

use levada_store::{State, Store};
use levada_tasks::rules::explain::{Reasons, View};

use crate::scene::{Result, graph, in_memory, member, node};

fn looked_at(rows: &State, subject: levada_store::Subject) -> Option<Reasons> {
    View { rows, counts: &[], now_ms: crate::scene::START_MS }.explain(subject)
}

/// The rows of a run in which the end of `m0`, which `join` waits for, is not settled.
async fn unsettled() -> Result<State> {
    let mut scene = in_memory().await?;
    let mut large = graph(&[], &[]);
    large.nodes = (0..70).map(|n| node(&format!("m{n}"))).chain([node("join")]).collect();
    large.edges = vec![levada_tasks::spec::GraphEdge::success("m0", "join")];
    scene.submit(large).await?;
    let m0 = scene.claim("m0").await?;
    scene.complete(m0).await?;
    scene.tasks.store().dump().await
}

#[tokio::test]
async fn g_5_a_lost_mark_is_not_explained_away() -> Result {
    let mut rows = unsettled().await?;
    assert!(looked_at(&rows, member(71)).expect("a member").is_answered());
    rows.marks.clear();
    assert!(!looked_at(&rows, member(71)).expect("a member").is_answered());
    Ok(())
}

#[tokio::test]
async fn g_5_a_group_that_lost_its_edges_is_not_explained_away() -> Result {
    let mut rows = unsettled().await?;
    for group in rows.groups.values_mut() {
        group.state = levada_store::alphabets::GroupState::Satisfied;
    }
    assert!(!looked_at(&rows, member(71)).expect("a member").is_answered());
    Ok(())
}

#[tokio::test]
async fn n_5_a_slice_and_full_state_say_the_same() -> Result {
    let mut scene = in_memory().await?;
    let nodes = ["a", "b", "c", "d", "e"];
    scene.submit(graph(&nodes, &[("a", "c"), ("b", "c"), ("c", "d"), ("d", "e"), ("a", "e")])).await?;
    scene.claim("a").await?;
    let rows = scene.tasks.store().dump().await?;
    for place in 1..=5 {
        let said = scene.explain(member(place)).await?;
        assert_eq!(looked_at(&rows, member(place)).expect("a member").waiting, said.waiting);
    }
    Ok(())
}
