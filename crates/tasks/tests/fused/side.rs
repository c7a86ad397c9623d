//! One of the nodes that play the same history, each on a store and with clocks of its own.

use std::fmt::Debug;
use std::time::Duration;

use futures::future::join_all;
use levada_base::{Error, SimClock, World};
use levada_store::{State, Store, Token};
use levada_tasks::rules::Claimed;
use levada_tasks::spec::ReplayOptions;
use levada_tasks::{Settings, Tasks};

use crate::step::{OURS, Step};

pub struct Side<S: Store> {
    pub tasks: Tasks<S>,
    clocks: [SimClock; 2],
}

impl<S: Store> Side<S> {
    /// The store's world is not the node's, so that what the store draws changes nothing.
    pub async fn open(seed: u64, make: impl AsyncFnOnce(World) -> Result<S, Error>) -> Result<Self, Error> {
        let (world, clock) = World::sim(seed);
        let (below, clock_below) = World::sim(seed);
        let tasks = Tasks::open(make(below).await?, Settings::without_background(), world).await?;
        Ok(Self { tasks, clocks: [clock, clock_below] })
    }

    /// Plays a step; gives what was answered, in words, and what was claimed.
    pub async fn play(&self, step: &Step) -> (String, Vec<Claimed>) {
        let tasks = &self.tasks;
        match step.clone().of_store(tasks.store_token()) {
            Step::Create(new) => self.said(tasks.create_execution(*new).await),
            Step::Submit(graph) => self.said(tasks.submit_run(*graph).await),
            Step::Claim(requests) => {
                let answers = join_all(requests.into_iter().map(|request| tasks.claim(request))).await;
                let words = self.words(&answers);
                (words, answers.into_iter().filter_map(Result::ok).flatten().collect())
            }
            Step::Renew(calls) => self.said(join_all(calls.into_iter().map(|items| tasks.renew(items))).await),
            Step::Complete(calls) => self.said(join_all(calls.into_iter().map(|items| tasks.complete(items, None))).await),
            Step::Fail(calls) => self.said(join_all(calls.into_iter().map(|items| tasks.fail(items, None))).await),
            Step::Skip(calls) => self.said(join_all(calls.into_iter().map(|items| tasks.skip(items))).await),
            Step::Delay(items) => self.said(tasks.delay(items).await),
            Step::Advance(ms) => {
                self.clocks.iter().for_each(|clock| clock.advance(Duration::from_millis(ms)));
                (String::new(), Vec::new())
            }
            Step::Tick => self.said(tasks.tick_all().await),
            Step::Lane(lane, change) => self.said(tasks.change_lane(&lane, change, "ann").await),
            Step::Pause(run) => self.said(tasks.pause_run(run, "ann").await),
            Step::Resume(run) => self.said(tasks.resume_run(run, "ann").await),
            Step::Cancel(execution) => self.said(tasks.cancel_execution(execution, "ann").await),
            Step::Revoke(execution) => self.said(tasks.revoke_lease(execution, "ann").await),
            Step::Replay(execution) => self
                .said(tasks.replay(execution, ReplayOptions { ignore_edges: true, ..ReplayOptions::default() }, "ann").await),
        }
    }

    fn said(&self, answer: impl Debug) -> (String, Vec<Claimed>) {
        (self.words(&answer), Vec::new())
    }

    fn words(&self, answer: &impl Debug) -> String {
        format!("{answer:?}").replace(&format!("{:?}", self.tasks.store_token()), &format!("{OURS:?}"))
    }

    /// All rows. Calls at once may be committed in any order, so the order of events says nothing after them.
    pub async fn rows(&self, ordered: bool) -> State {
        let mut state = self.tasks.store().dump().await.unwrap();
        if !ordered {
            // Nor does that of the marks, which are numbered like the events of their ends.
            state.marks.values_mut().for_each(|mark| mark.seq = 0);
            let mut events: Vec<_> = std::mem::take(&mut state.events).into_values().collect();
            events.sort_by_cached_key(|event| format!("{:?}", levada_store::rows::Event { id: 0, ..event.clone() }));
            state.events = (1..).zip(events).map(|(id, event)| (id, levada_store::rows::Event { id, ..event })).collect();
        }
        state
    }
}

/// The store of a handle, whichever store that is.
pub fn anonymous(claimed: Claimed, store: Token) -> Claimed {
    let handle = levada_tasks::spec::Handle {
        store: if claimed.handle.store == store { OURS } else { claimed.handle.store },
        ..claimed.handle
    };
    Claimed { handle, ..claimed }
}
