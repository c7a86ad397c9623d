//! What waits for others: edges, conditions, finalizers.

use levada_store::alphabets::{EdgeWhen, OnTimeout};
use levada_store::rows::Facts;
use levada_store::{ExecutionId, Store};
use levada_tasks::spec::{GraphEdge, GraphNode, GroupPolicy, NewCondition, Resolution, RunGraph};

use crate::scene::{RUN, Result, START_MS, Scene, graph, in_memory, member, node, work};

const NO_NODE: &str = "no engine node is alive: background work waits until one is started";

pub async fn two_of_three_edges<S: Store>(mut scene: Scene<S>) -> Result {
    let mut graph = graph(&["extract", "load", "check", "join"], &[("extract", "join"), ("load", "join"), ("check", "join")]);
    graph.nodes[2].execution.due_ms = Some(START_MS + 240_000);
    scene.submit(graph).await?;
    let extract = scene.claim("extract").await?;
    scene.complete(extract).await?;
    scene.claim("load").await?;
    let said = scene.explain(member(4)).await?.to_string();
    let expected = [
        "execution \"join\" waits for 2 of 3 edges (1 satisfied)",
        "  edge from \"load\": leased by worker \"w1\" until 00:00:30",
        "  edge from \"check\": due at 00:04:00",
        NO_NODE,
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
    let expected = [
        "execution \"join\" waits for 2 of 3 edges (1 satisfied)",
        "  edge from \"load\": leased by worker \"w1\" until 00:00:30 [since 00:00:00; worker \"w1\", until the worker \
         reports or its lease ends; revoke_lease(<load>)], or override_outcome(<load>, succeeded)",
        "  edge from \"check\": due at 00:04:00 [since 00:00:00; background worker due_promote, until its time comes; \
         run_now(<check>)], or override_outcome(<check>, succeeded)",
        NO_NODE,
    ];
    scene.expect(member(4), &expected).await?;
    let done = scene.follow(ExecutionId(4)).await?;
    assert_eq!(done[..2], ["override_outcome(<load>, succeeded)", "override_outcome(<check>, succeeded)"]);
    Ok(())
}

pub async fn one_of_the_left<S: Store>(mut scene: Scene<S>) -> Result {
    let mut graph = graph(&["a", "b", "c", "join"], &[("a", "join"), ("b", "join"), ("c", "join")]);
    graph.nodes[3].group = Some(GroupPolicy::any_of());
    scene.submit(graph).await?;
    let a = scene.claim("a").await?;
    scene.fail(a, levada_store::alphabets::FailureClass::Permanent).await?;
    scene.claim("b").await?;
    scene.claim("c").await?;
    let said = scene.explain(member(4)).await?.to_string();
    let expected = [
        "execution \"join\" waits for 1 of 3 edges (1 missed)",
        "  edge from \"b\": leased by worker \"w1\" until 00:00:30",
        "  edge from \"c\": leased by worker \"w1\" until 00:00:30",
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
    assert_eq!(scene.follow(ExecutionId(4)).await?[0], "override_outcome(<b>, succeeded)");
    Ok(())
}

pub async fn settling<S: Store>(mut scene: Scene<S>) -> Result {
    // More members than are settled where they end.
    let mut names: Vec<_> = (0..70).map(|n| format!("m{n}")).collect();
    names.push("join".to_owned());
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    scene.submit(graph(&names, &[("m0", "join")])).await?;
    let m0 = scene.claim("m0").await?;
    scene.wait_s(3);
    scene.complete(m0).await?;
    let expected = [
        "execution \"join\" waits for 1 of 1 edge",
        "  edge from \"m0\": succeeded (worker) at 00:00:03: its end is not settled yet \
         [since 00:00:03; background worker settle, until the end is settled; tick(\"settle\")]",
        NO_NODE,
    ];
    scene.expect(member(71), &expected).await?;
    assert_eq!(scene.follow(ExecutionId(71)).await?[0], "tick(\"settle\")");
    Ok(())
}

pub async fn condition_of_a_call<S: Store>(mut scene: Scene<S>) -> Result {
    scene.submit(waits_for("orders_loaded", NewCondition::default())).await?;
    let expected = [
        "execution \"load\" waits for 1 of 1 edge",
        "  condition \"orders_loaded\" is open [since 00:00:00; the caller, until the condition is resolved; \
         resolve_condition(<run>, \"orders_loaded\")]",
    ];
    scene.expect(member(1), &expected).await?;
    scene.follow(ExecutionId(1)).await?;
    Ok(())
}

/// `load` waits for a condition.
fn waits_for(key: &str, condition: NewCondition) -> RunGraph {
    let edge = GraphEdge { from: key.to_owned(), is_condition: true, condition, ..GraphEdge::success("", "load") };
    RunGraph { edges: vec![edge], ..graph(&["load"], &[]) }
}

#[tokio::test]
async fn t_120_two_of_three_edges() -> Result {
    two_of_three_edges(in_memory().await?).await
}

#[tokio::test]
async fn t_120_one_of_the_edges_that_are_left() -> Result {
    one_of_the_left(in_memory().await?).await
}

#[tokio::test]
async fn t_120_an_upstream_whose_end_is_not_settled() -> Result {
    settling(in_memory().await?).await
}

#[tokio::test]
async fn t_120_a_condition_that_a_call_resolves() -> Result {
    condition_of_a_call(in_memory().await?).await
}

#[tokio::test]
async fn t_120_two_of_a_quorum() -> Result {
    let mut scene = in_memory().await?;
    let mut graph = graph(&["a", "b", "c", "join"], &[("a", "join"), ("b", "join"), ("c", "join")]);
    graph.nodes[3].group = Some(GroupPolicy::quorum(2));
    scene.submit(graph).await?;
    let said = scene.explain(member(4)).await?.to_string();
    let ready = |name| format!("  edge from \"{name}\": no live worker of lane \"default\" is registered");
    let expected = ["execution \"join\" waits for 2 of 3 edges".to_owned(), ready("a"), ready("b"), ready("c")];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
    scene.follow(ExecutionId(4)).await?;
    Ok(())
}

#[tokio::test]
async fn t_120_edges_that_want_other_ends() -> Result {
    for (when, named) in [
        (EdgeWhen::Failure, "failed"),
        (EdgeWhen::Skipped, "skipped"),
        (EdgeWhen::Done, "succeeded"),
        (EdgeWhen::NotFailed, "succeeded"),
    ] {
        let mut scene = in_memory().await?;
        let mut graph = graph(&["load", "after"], &[("load", "after")]);
        graph.edges[0].satisfied_by = when;
        scene.submit(graph).await?;
        assert_eq!(scene.follow(ExecutionId(2)).await?[0], format!("override_outcome(<load>, {named})"), "{when}");
    }
    Ok(())
}

#[tokio::test]
async fn t_120_a_condition_that_is_missed_in_time() -> Result {
    let mut scene = in_memory().await?;
    let condition = NewCondition { expires_ms: Some(START_MS + 60_000), on_timeout: OnTimeout::Miss };
    scene.submit(waits_for("orders_loaded", condition)).await?;
    let said = scene.explain(member(1)).await?.to_string();
    assert_eq!(said.lines().nth(1), Some("  condition \"orders_loaded\" is open; it is missed at 00:01:00"));
    scene.wait_s(61);
    let expected = [
        "execution \"load\" waits for 1 of 1 edge",
        "  condition \"orders_loaded\" is open; it is missed at 00:01:00 [since 00:00:00; background worker \
         waitpoint_expiry, until the condition is resolved; resolve_condition(<run>, \"orders_loaded\")]",
        NO_NODE,
    ];
    scene.expect(member(1), &expected).await?;
    scene.tasks.tick("waitpoint_expiry").await?;
    assert_eq!(scene.explain(member(1)).await?.waiting.state, "skipped");
    Ok(())
}

#[tokio::test]
async fn t_120_a_condition_whose_children_fail_in_time() -> Result {
    let mut scene = in_memory().await?;
    let condition = NewCondition { expires_ms: Some(START_MS + 60_000), on_timeout: OnTimeout::Fail };
    scene.submit(waits_for("orders_loaded", condition)).await?;
    let said = scene.explain(member(1)).await?.to_string();
    assert_eq!(said.lines().nth(1), Some("  condition \"orders_loaded\" is open; what waits for it fails at 00:01:00"));
    scene.follow(ExecutionId(1)).await?;
    Ok(())
}

#[tokio::test]
async fn t_120_conditions_on_the_end_of_something_else() -> Result {
    let mut scene = in_memory().await?;
    let other = scene.tasks.create_execution(work("other")).await?.into_inner().0;
    scene.submit(waits_for(&format!("execution:{other}"), NewCondition::default())).await?;
    let line = async |scene: &Scene| {
        let said = scene.explain(member(1)).await?;
        Ok::<_, levada_base::Error>((said.waiting.reasons[0].owner.to_string(), said.to_string()))
    };
    let (owner, said) = line(&scene).await?;
    assert!(said.ends_with("is open: the execution has not ended"), "{said}");
    assert_eq!(owner, "what it waits for");
    let handle = scene.claim("other").await?;
    scene.complete(handle).await?;
    let (owner, said) = line(&scene).await?;
    assert!(said.contains("is open: the execution has ended"), "{said}");
    assert_eq!(owner, "background worker awaited_ends");
    scene.tasks.tick("awaited_ends").await?;
    scene.follow(ExecutionId(1)).await?;
    Ok(())
}

#[tokio::test]
async fn t_120_a_condition_on_a_run_that_does_not_exist() -> Result {
    let mut scene = in_memory().await?;
    scene.submit(waits_for("run:00000000-0000-0000-0000-00000000002a", NewCondition::default())).await?;
    let said = scene.explain(member(1)).await?;
    assert!(said.to_string().ends_with("is open: there is no such run"), "{said}");
    assert_eq!(said.waiting.reasons[0].owner.to_string(), "the caller");
    scene.follow(ExecutionId(1)).await?;
    Ok(())
}

#[tokio::test]
async fn t_120_a_finalizer() -> Result {
    let mut scene = in_memory().await?;
    let mut graph = graph(&["load", "check", "tidy"], &[]);
    graph.nodes[2].execution.finalizer = true;
    scene.submit(graph).await?;
    let expected = [
        "execution \"tidy\" is waiting_edges",
        "  waits as a finalizer for the end of 2 other members \
         [since 00:00:00; what it waits for, until its upstream ends; CANCEL RUN '<run>']",
    ];
    scene.expect(member(3), &expected).await?;
    assert_eq!(scene.follow(ExecutionId(3)).await?[0], "cancel_run(<run>, cancel_all)");
    Ok(())
}

#[tokio::test]
async fn t_120_a_chain_down_to_its_root() -> Result {
    let mut scene = in_memory().await?;
    scene.submit(graph(&["fetch", "check", "load"], &[("fetch", "check"), ("check", "load")])).await?;
    scene.tasks.hold(ExecutionId(1), "ann").await?;
    let said = scene.explain(member(3)).await?.to_string();
    let expected = [
        "execution \"load\" waits for 1 of 1 edge",
        "  edge from \"check\": waits for 1 of 1 edge",
        "    edge from \"fetch\": held by an operator",
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
    assert_eq!(scene.explain(member(3)).await?.waiting.reasons[0].owner.to_string(), "an operator");
    Ok(())
}

#[tokio::test]
async fn t_120_what_two_edges_lead_to_is_followed_once() -> Result {
    let mut scene = in_memory().await?;
    let nodes = ["fetch", "map", "a", "b", "join"];
    let edges = [("fetch", "map"), ("map", "a"), ("map", "b"), ("a", "join"), ("b", "join")];
    scene.submit(graph(&nodes, &edges)).await?;
    scene.claim("fetch").await?;
    let said = scene.explain(member(5)).await?.to_string();
    let expected = [
        "execution \"join\" waits for 2 of 2 edges",
        "  edge from \"a\": waits for 1 of 1 edge",
        "    edge from \"map\": waits for 1 of 1 edge",
        "      edge from \"fetch\": leased by worker \"w1\" until 00:00:30",
        "  edge from \"b\": waits for 1 of 1 edge",
        "    edge from \"map\": see above",
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
    Ok(())
}

#[tokio::test]
async fn t_120_edges_and_a_hold() -> Result {
    let mut scene = in_memory().await?;
    let nodes = vec![node("load"), GraphNode { group: Some(GroupPolicy::all_of()), ..node("after") }];
    scene.submit(RunGraph { nodes, ..graph(&[], &[("load", "after")]) }).await?;
    scene.tasks.hold(ExecutionId(2), "ann").await?;
    scene.claim("load").await?;
    let said = scene.explain(member(2)).await?.to_string();
    let expected = [
        "execution \"after\" waits for 1 of 1 edge",
        "  edge from \"load\": leased by worker \"w1\" until 00:00:30",
        "  held by an operator",
    ];
    assert_eq!(said.lines().collect::<Vec<_>>(), expected);
    let done = scene.follow(ExecutionId(2)).await?;
    assert_eq!(done[..2], ["override_outcome(<load>, succeeded)", "release(<after>)"]);
    Ok(())
}

#[tokio::test]
async fn t_120_a_run_lists_the_conditions_that_it_waits_for() -> Result {
    let mut scene = in_memory().await?;
    scene.submit(waits_for("orders_loaded", NewCondition::default())).await?;
    let refused = scene.tasks.resolve_condition(RUN, "orders_laoded", Resolution::Satisfied(Facts::default())).await;
    let error = refused.expect_err("nothing waits for it");
    assert_eq!(error.code().name(), "LV-T215");
    assert!(error.hint().is_some_and(|hint| hint.contains("explain")), "{error}");
    let said = scene.explain(levada_store::Subject::Run(RUN)).await?.to_string();
    assert_eq!(said.lines().next(), Some("run \"nightly\" is running: condition \"orders_loaded\" is open"));
    Ok(())
}
