//! Events are read by cursor: each once, in order, whatever the filter, the page or the writers beside the reader.

use std::task::Poll;

use futures::future::join_all;

use super::build::plain_execution;
use crate::alphabets::EventKind;
use crate::conformance::compare::{ensure, equal};
use crate::conformance::random::{self, any};
use crate::conformance::stage::{Stage, nothing, said};
use crate::conformance::{Dice, Factory, Suite, Verdict};
use crate::ids::{ExecutionId, RunId};
use crate::rows::Event;
use crate::state::{Command, State};
use crate::store::{Cursor, Filter, Store};

/// Reads that may bring nothing while an event is expected: a store may hold back what others are still writing, and a commit may
/// take as long as many reads.
const IDLE_READS_MAX: usize = 20_000;

type Choose = fn(&State) -> Filter;

/// Filters, each of which lets some events of a random state through.
const FILTERS: &[(&str, Choose)] = &[
    ("none", |_| Filter::default()),
    ("namespace", |_| Filter { namespaces: vec!["alpha".to_owned()], ..Filter::default() }),
    ("namespaces", |_| Filter { namespaces: vec!["alpha".to_owned(), "Beta".to_owned()], ..Filter::default() }),
    ("run", |state| Filter { run: state.events.values().find_map(|row| row.run_id), ..Filter::default() }),
    ("execution", |state| Filter { execution: state.events.values().find_map(|row| row.execution_id), ..Filter::default() }),
    ("lanes", |_| Filter { lanes: vec!["bulk".to_owned(), "no row".to_owned()], ..Filter::default() }),
    ("kinds", |state| Filter { kinds: state.events.values().map(|row| row.kind).step_by(7).collect(), ..Filter::default() }),
    ("tag", |state| Filter { tag: common_tag(state), ..Filter::default() }),
    ("several", |state| Filter {
        namespaces: vec!["alpha".to_owned()],
        lanes: random::LANES.iter().map(|lane| (*lane).to_owned()).collect(),
        kinds: state.events.values().map(|row| row.kind).step_by(2).collect(),
        ..Filter::default()
    }),
    ("nothing", |_| Filter { namespaces: vec!["nobody's".to_owned()], ..Filter::default() }),
    ("unknown_run", |_| Filter { run: Some(RunId(1)), ..Filter::default() }),
];

pub(super) fn add<F: Factory>(suite: &mut Suite<F>) {
    for (name, choose) in FILTERS {
        suite.add(format!("events/filter/{name}"), move |stage| filtered(stage, *choose));
    }
    for limit in [1, 2, 7, 60, 1_000] {
        suite.add(format!("events/pages/{limit}"), move |stage| paged(stage, limit));
    }
    suite.add("events/end_of_log", end_of_log);
    suite.add("events/resume_while_writing", resume_while_writing);
    suite.add("events/writers_at_once", writers_at_once);
    suite.add("events/deleted_before_the_cursor", deleted_before_the_cursor);
    suite.add("events/order_of_transactions", order_of_transactions);
}

/// The tag that most events of the state carry by their execution or run.
fn common_tag(state: &State) -> Option<(String, String)> {
    let pairs = state.tags.values().map(|tag| (tag.key.clone(), tag.value.clone()));
    pairs.max_by_key(|(key, value)| state.events.values().filter(|event| carries(state, event, key, value)).count())
}

fn carries(state: &State, event: &Event, key: &str, value: &str) -> bool {
    let owners = [event.execution_id, event.run_id.map(|run| ExecutionId(run.0))];
    owners.into_iter().flatten().any(|owner| state.tags.get(&(owner, key.to_owned())).is_some_and(|tag| tag.value == value))
}

/// Said again, not shared with the in-memory store: what a filter lets through.
fn lets(state: &State, filter: &Filter, event: &Event) -> bool {
    let in_lane = |lane: &String| filter.lanes.contains(lane);
    [
        filter.namespaces.is_empty() || filter.namespaces.contains(&event.namespace),
        filter.run.is_none() || filter.run == event.run_id,
        filter.execution.is_none() || filter.execution == event.execution_id,
        filter.lanes.is_empty() || event.lane.as_ref().is_some_and(in_lane),
        filter.kinds.is_empty() || filter.kinds.contains(&event.kind),
        filter.tag.as_ref().is_none_or(|(key, value)| carries(state, event, key, value)),
    ]
    .iter()
    .all(|lets| *lets)
}

/// Reads from a cursor until `wanted` events came and the log is at its end.
async fn read_on<S: Store>(
    stage: &Stage<S>,
    mut at: Cursor,
    filter: &Filter,
    limit: u32,
    wanted: usize,
) -> Result<(Vec<Event>, Cursor), String> {
    let (mut events, mut idle) = (Vec::new(), 0);
    while idle < IDLE_READS_MAX {
        let page = stage.store.events(at, filter, limit).await.map_err(said)?;
        let (count, next) = (page.events.len(), page.next);
        ensure(count <= limit as usize, || format!("a page of at most {limit} has {count} events"))?;
        ensure(next >= at, || format!("the cursor went back from {at:?} to {next:?}"))?;
        ensure(count == 0 || next > at, || format!("the cursor stays at {at:?} behind {count} events"))?;
        events.extend(page.events);
        ensure(events.len() <= wanted, || format!("{} events where {wanted} were written", events.len()))?;
        if next == at && events.len() == wanted {
            return Ok((events, at));
        }
        idle = if next == at { idle + 1 } else { 0 };
        at = next;
        if idle > 0 {
            let_others_run().await;
        }
    }
    Err(format!("{} of {wanted} events came in {IDLE_READS_MAX} reads", events.len()))
}

/// Gives way once: a store may answer reads without ever waiting, and then the writers beside this reader would not get on.
async fn let_others_run() {
    let mut waited = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn filtered<S: Store>(mut stage: Stage<S>, choose: Choose) -> Verdict {
    for seed in 1..=2 {
        // The second state is added to the first.
        stage.load(random::state(seed, stage.now_ms())).await?;
    }
    let filter = choose(&stage.model);
    let expected: Vec<_> = stage.model.events.values().filter(|event| lets(&stage.model, &filter, event)).cloned().collect();
    for limit in [3, 200] {
        let (found, _) = read_on(&stage, Cursor::default(), &filter, limit, expected.len()).await?;
        equal(&format!("events of {filter:?}"), &expected, &found)?;
    }
    Ok(())
}

async fn paged<S: Store>(mut stage: Stage<S>, limit: u32) -> Verdict {
    stage.load(random::state(3, stage.now_ms())).await?;
    let expected: Vec<_> = stage.model.events.values().cloned().collect();
    let (found, _) = read_on(&stage, Cursor::default(), &Filter::default(), limit, expected.len()).await?;
    equal("events", &expected, &found)?;
    // From every cursor on the way the rest follows.
    let mut at = Cursor::default();
    for read in 1..=expected.len().min(6) {
        let page = stage.store.events(at, &Filter::default(), 1).await.map_err(said)?;
        equal("a page of one", &expected[read - 1..read].to_vec(), &page.events)?;
        at = page.next;
        let (rest, _) = read_on(&stage, at, &Filter::default(), limit, expected.len() - read).await?;
        equal("the rest", &expected[read..].to_vec(), &rest)?;
    }
    Ok(())
}

async fn end_of_log<S: Store>(mut stage: Stage<S>) -> Verdict {
    let page = stage.store.events(Cursor::default(), &Filter::default(), 10).await.map_err(said)?;
    equal("events of an empty log", &0, &page.events.len())?;
    stage.load(random::state(4, stage.now_ms())).await?;
    // A filter that lets nothing through still moves the cursor: the next read does not begin again.
    let filter = Filter { namespaces: vec!["nobody's".to_owned()], ..Filter::default() };
    let (_, end) = read_on(&stage, page.next, &Filter::default(), 7, stage.model.events.len()).await?;
    let mut at = page.next;
    for _ in 0..IDLE_READS_MAX {
        at = stage.store.events(at, &filter, 7).await.map_err(said)?.next;
        if at >= end {
            return Ok(());
        }
    }
    Err(format!("a reader to whom the filter shows nothing stays at {at:?}, the log ends at {end:?}"))
}

fn written(number: i64, now_ms: i64) -> Event {
    let event: Event = any(&mut Dice::new(number.unsigned_abs()), now_ms);
    Event { at_ms: now_ms, kind: EventKind::Claimed, detail: format!("{{\"number\":{number}}}"), ..event }
}

/// Writes some events in one transaction and returns them as they are stored.
async fn write<S: Store>(stage: &Stage<S>, first: i64, count: i64) -> Result<Vec<Event>, String> {
    let now_ms = stage.now_ms();
    let plan = move |state: &State| {
        let events = (0..count).map(|n| Event { id: state.seq + n, ..written(first + n, now_ms) });
        let events: Vec<_> = events.collect();
        Ok((events.iter().map(|event| Command::Put(event.clone().into())).collect(), events))
    };
    stage.transact(nothing(), plan).await.map_err(said)
}

async fn resume_while_writing<S: Store>(stage: Stage<S>) -> Verdict {
    let mut at = Cursor::default();
    for round in 0..40 {
        let expected = write(&stage, round * 10, 1 + round % 4).await?;
        let (found, next) = read_on(&stage, at, &Filter::default(), 2, expected.len()).await?;
        equal("events since the last read", &expected, &found)?;
        at = next;
    }
    Ok(())
}

/// ST-14: none appears before one that was already returned.
async fn writers_at_once<S: Store>(stage: Stage<S>) -> Verdict {
    let (writers, each) = (8_i64, 12_i64);
    let writing = join_all((0..writers).map(|writer| {
        let stage = &stage;
        async move {
            for round in 0..each {
                write(stage, writer * 1_000 + round * 3, 1 + round % 3).await?;
            }
            Ok::<_, String>(())
        }
    }));
    let count = (0..each).map(|round| 1 + round % 3).sum::<i64>() * writers;
    let wanted = usize::try_from(count).unwrap_or(0);
    let filter = Filter::default();
    let (done, read) = futures::join!(writing, read_on(&stage, Cursor::default(), &filter, 5, wanted));
    done.into_iter().collect::<Result<Vec<_>, _>>()?;
    let (mut found, _) = read?;
    found.sort_by_key(|event| event.id);
    found.dedup_by_key(|event| event.id);
    equal("events, each once", &wanted, &found.len())
}

async fn deleted_before_the_cursor<S: Store>(mut stage: Stage<S>) -> Verdict {
    let old = Event { at_ms: stage.now_ms() - 1_000, ..written(1, 0) };
    stage
        .load(State { events: [(0, Event { id: 0, ..old.clone() }), (1, Event { id: 1, ..old })].into(), ..State::default() })
        .await?;
    let (_, at) = read_on(&stage, Cursor::default(), &Filter::default(), 5, 2).await?;
    stage.commit(nothing(), vec![Command::ForgetEvents { before_ms: stage.now_ms(), span_ms: 3_600_000 }]).await?;
    let expected = write(&stage, 5, 2).await?;
    for from in [at, Cursor::default()] {
        let (found, _) = read_on(&stage, from, &Filter::default(), 5, 2).await?;
        equal("events after old ones were deleted", &expected, &found)?;
    }
    Ok(())
}

/// Events follow the order of the transactions, and those of one transaction the order in which it made them.
async fn order_of_transactions<S: Store>(stage: Stage<S>) -> Verdict {
    let mut expected = Vec::new();
    for round in 0..5 {
        expected.extend(write(&stage, round * 10, 3).await?);
        // Transactions without events come in between.
        let now_ms = stage.now_ms();
        let plan = move |state: &State| {
            let row =
                crate::rows::Execution { seq: state.seq, ..plain_execution(&mut Dice::new(state.seq.unsigned_abs()), now_ms) };
            Ok((vec![Command::Put(row.into())], ()))
        };
        stage.transact(nothing(), plan).await.map_err(said)?;
    }
    let (found, _) = read_on(&stage, Cursor::default(), &Filter::default(), 4, expected.len()).await?;
    equal("events", &expected, &found)
}
