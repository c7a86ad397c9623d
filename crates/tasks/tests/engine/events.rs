//! Events: each carries its scope, and a feed that is resumed misses and repeats nothing.

use std::collections::BTreeSet;

use levada_base::World;
use levada_store::alphabets::EventKind;
use levada_store::{Filter, MemoryStore};
use levada_tasks::ops::CursorText;
use levada_tasks::spec::NewExecution;
use levada_tasks::{Settings, Tasks};

use crate::node::{Node, Result, code};

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
