//! Events: each carries its scope, and a feed that is resumed misses and repeats nothing.

use std::collections::BTreeSet;

use levada_base::World;
use levada_store::alphabets::{EventKind, PublicState};
use levada_store::{Cursor, ExecutionFilter, Filter, MemoryStore, RunFilter, Store};
use levada_tasks::ops::CursorText;
use levada_tasks::spec::{NewExecution, RunGraph, RunOptions};
use levada_tasks::{Settings, Tasks};

use crate::node::{Node, Result, code, wide};

fn of_namespace(namespace: &str) -> NewExecution {
    NewExecution { namespace: namespace.to_owned(), ..NewExecution::of_kind("work") }
}

#[tokio::test]
async fn t_021_two_limited_nodes_see_all_of_their_own_and_nothing_else() -> Result {
    let (world, clock) = World::sim(7);
    let store = MemoryStore::new(world.clone());
    let limited = |namespace: &str| Settings { namespaces: Some(vec![namespace.to_owned()]), ..Settings::without_background() };
    let red = Node::on(store.clone(), world.clone(), clock.clone(), limited("red")).await?;
    let blue = Node::on(store.clone(), world.clone(), clock.clone(), limited("blue")).await?;
    let all = Node::on(store, world, clock, Settings::without_background()).await?;
    for namespace in ["red", "blue", "red"] {
        all.tasks.create_execution(of_namespace(namespace)).await?;
    }
    for (node, namespace, own) in [(&red, "red", 2), (&blue, "blue", 1)] {
        let events = node.events(EventKind::ExecutionCreated).await?;
        assert_eq!(events.len(), own);
        assert!(events.iter().all(|event| event.namespace == namespace && event.execution_id.is_some()));
        let listed = node.tasks.list_executions(Default::default(), None, 10).await?.items;
        assert_eq!(listed.len(), own);
        let claimed = node.claim(10).await?;
        assert_eq!(claimed.iter().map(|one| one.namespace.as_str()).collect::<Vec<_>>(), vec![namespace; own]);
    }
    let foreign = red.tasks.subscribe(Filter { namespaces: vec!["blue".to_owned()], ..Filter::default() }, None).poll().await?;
    assert_eq!(foreign, None, "a node shows nothing of a namespace that it does not serve");
    assert_eq!(all.events(EventKind::ExecutionCreated).await?.len(), 3);
    Ok(())
}

/// Settings of a node that serves one namespace and has no loops.
pub fn limited_to(namespace: &str) -> Settings {
    Settings { namespaces: Some(vec![namespace.to_owned()]), ..Settings::without_background() }
}

/// Three nodes on one store: the last two serve "red" and "blue" only.
pub async fn sweeps_and_lists_honour_namespaces<S: Store>(all: Node<S>, red: Node<S>, blue: Node<S>) -> Result {
    let mut ids = Vec::new();
    for namespace in ["blue", "red", "blue"] {
        let due_ms = Some(all.tasks.now().await? + 1_000);
        let new = NewExecution { due_ms, ..of_namespace(namespace) };
        ids.push(all.tasks.create_execution(new).await?.into_inner().0);
        let options = RunOptions { namespace: namespace.to_owned(), deadline_ms: Some(2_000), ..RunOptions::default() };
        all.tasks.submit_run(RunGraph { options, ..wide(2) }).await?;
    }
    all.advance_ms(1_000);
    assert_eq!(red.tasks.tick("due_promote").await?.count("promoted"), 1);
    assert!(red.tasks.tick("due_promote").await?.is_idle(), "the others are not its own");
    assert_eq!(blue.tasks.tick("due_promote").await?.count("promoted"), 2);
    all.advance_ms(1_000);
    for (node, own) in [(&red, 1), (&blue, 2)] {
        assert_eq!(node.tasks.tick("deadline").await?.count("expired"), own);
        assert_eq!(node.tasks.tick("cancel_backlog").await?.count("cancelled"), own * 2);
        assert!(node.tasks.tick("cancel_backlog").await?.is_idle());
        // Pages are full although rows of others lie between.
        let page = node.tasks.list_executions(ExecutionFilter::default(), None, 3).await?;
        assert_eq!((page.items.len(), page.next.is_some()), (3, own == 2));
        let runs = node.tasks.list_runs(RunFilter::default(), None, 1).await?;
        assert_eq!((runs.items.len(), runs.next.is_some()), (1, own == 2));
        // A reader waits for older transactions, on PostgreSQL for those of other databases of the server too.
        let ended = async {
            loop {
                let seen = node.tasks.events(Cursor::default(), &Filter::default(), 1_000).await?.events;
                let ended = seen.iter().filter(|event| event.kind == EventKind::RunEnded).count() as u64;
                if ended >= own {
                    return Ok::<_, levada_base::Error>(ended);
                }
            }
        };
        let ended = tokio::time::timeout(std::time::Duration::from_secs(20), ended).await;
        assert_eq!(ended.unwrap_or_else(|_| panic!("the ends of {own} runs are seen"))?, own);
    }
    assert_eq!(code(red.tasks.cancel_execution(ids[0], "test").await), "LV-T002", "blue is nothing to it");
    assert_eq!(code(red.tasks.hold(ids[2], "test").await), "LV-T002");
    assert_eq!(all.state(ids[0]).await?, PublicState::Ready);
    red.tasks.cancel_execution(ids[1], "test").await.map(drop)
}

#[tokio::test]
async fn t_021_sweeps_and_lists_of_limited_nodes() -> Result {
    let (world, clock) = World::sim(7);
    let store = MemoryStore::new(world.clone());
    let node = async |settings| Node::on(store.clone(), world.clone(), clock.clone(), settings).await;
    let (red, blue) = (node(limited_to("red")).await?, node(limited_to("blue")).await?);
    sweeps_and_lists_honour_namespaces(node(Settings::without_background()).await?, red, blue).await
}

/// A reader that comes back after its place in the log is gone.
pub async fn old_cursors_are_refused<S: Store>(node: Node<S>) -> Result {
    for _ in 0..3 {
        node.tasks.create_execution(NewExecution::of_kind("work")).await?;
    }
    let first = node.tasks.events(Cursor::default(), &Filter::default(), 1).await?.next;
    let mut feed = node.tasks.subscribe(Filter::default(), Some(first));
    assert_eq!(feed.poll().await?.map(|page| page.events.len()), Some(2), "it is kept");
    node.advance_ms(8 * 86_400_000);
    node.tasks.create_execution(NewExecution::of_kind("work")).await?;
    node.tasks.tick("event_retention").await?;
    assert_eq!(code(node.tasks.subscribe(Filter::default(), Some(first)).poll().await), "LV-T008");
    assert_eq!(code(node.tasks.events(first, &Filter::default(), 10).await), "LV-T008");
    for limit in [0, 1_001] {
        assert_eq!(code(node.tasks.events(Cursor::default(), &Filter::default(), limit).await), "LV-T001");
    }
    assert_eq!(code(feed.poll().await), "LV-T008", "it slept for longer than events are kept");
    let from_now = node.tasks.subscribe(Filter::default(), None).poll().await?;
    assert_eq!(from_now.map(|page| page.events.len()), Some(1), "without a cursor it begins with what is kept");
    Ok(())
}

#[tokio::test]
async fn t_022_a_cursor_older_than_the_events_is_refused() -> Result {
    old_cursors_are_refused(Node::open().await?).await
}

#[tokio::test]
async fn t_022_a_reader_that_resumes_two_hundred_times_sees_each_event_once() -> Result {
    const WRITERS: usize = 8;
    const EACH: usize = 100;
    let world = World::real();
    let tasks = Tasks::open(MemoryStore::new(world.clone()), Settings::without_background(), world).await?;
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let tasks = tasks.clone();
            tokio::spawn(async move {
                for _ in 0..EACH {
                    tasks.create_execution(NewExecution::of_kind("work")).await?;
                    tokio::task::yield_now().await;
                }
                Result::Ok(())
            })
        })
        .collect();
    let filter = Filter { kinds: vec![EventKind::ExecutionCreated], ..Filter::default() };
    let (mut seen, mut cursor, mut resumed) = (Vec::new(), None, 0);
    while seen.len() < WRITERS * EACH || resumed < 200 {
        // A new reader each time, from a cursor that went through text.
        let mut feed = tasks.subscribe(filter.clone(), cursor);
        let page = if seen.len() < WRITERS * EACH { Some(feed.next().await?) } else { feed.poll().await? };
        seen.extend(page.into_iter().flat_map(|page| page.events).filter_map(|event| event.execution_id));
        cursor = Some(CursorText(feed.cursor()).to_string().parse::<CursorText>()?.0);
        resumed += 1;
    }
    for writer in writers {
        writer.await.unwrap_or_else(|error| panic!("{error}"))?;
    }
    assert_eq!(seen.len(), WRITERS * EACH);
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), WRITERS * EACH, "each once");
    assert_eq!(code("seven".parse::<CursorText>()), "LV-T008");
    Ok(())
}
