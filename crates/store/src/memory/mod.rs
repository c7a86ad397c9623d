//! The in-memory store: full state behind a mutex. It is the meaning of every other store, and what tests run on.

mod query;

use std::sync::Arc;

use levada_base::{Error, World, codes};
use parking_lot::Mutex;

use crate::cut::{Moment, cut};
use crate::limits::INLINE_RUN_MAX;
use crate::merge::{Batch, Request};
use crate::query::{Page, Query};
use crate::scope::{DueKind, Scope};
use crate::state::State;
use crate::store::{Cursor, EventPage, Filter, Plan, Store};
use crate::tables::Tables;
use crate::time::StoreTime;
use crate::wake::{WakeReceiver, Waker, wakes};
use crate::work::Work;
use crate::{canonical, dues};

pub(crate) use query::answer;

/// Executions and runs in memory; gone with the process. Clones share them.
#[derive(Clone)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

struct Shared {
    time: StoreTime,
    waker: Waker,
    inline_run_max: i32,
    instance: u128,
    inner: Mutex<Inner>,
}

struct Inner {
    tables: Tables,
    /// Numbers begin at 1: a cursor at 0 is before the first event.
    seq: i64,
    calls: u64,
}

impl MemoryStore {
    /// An empty store whose time is the world's.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self::with_inline_run_max(world, INLINE_RUN_MAX)
    }

    /// An empty store that settles runs of at most so many members where they end.
    #[must_use]
    pub fn with_inline_run_max(world: World, inline_run_max: i32) -> Self {
        let instance = (u128::from(world.random()) << 64) | u128::from(world.random());
        let inner = Inner { tables: Tables::default(), seq: 1, calls: 0 };
        let shared = Shared {
            time: StoreTime::new(world, 0),
            waker: Waker::default(),
            inline_run_max,
            instance,
            inner: Mutex::new(inner),
        };
        Self { shared: Arc::new(shared) }
    }

    fn with<R>(&self, act: impl FnOnce(&mut Inner, Moment) -> R) -> R {
        let mut inner = self.shared.inner.lock();
        let moment = Moment { now_ms: self.shared.time.now_ms(), seq: inner.seq, inline_run_max: self.shared.inline_run_max };
        act(&mut inner, moment)
    }

    fn commit(&self, mut batch: Batch) {
        let written = self.with(|inner, moment| {
            let commands = batch.plan(cut(&inner.tables, &batch.scope(), moment));
            inner.calls += 1;
            let done = inner.tables.commit(&commands);
            inner.seq = inner.seq.max(inner.tables.state().seq);
            done.map(|()| commands)
        });
        match written {
            Ok(commands) => {
                self.shared.waker.send(wakes(&commands));
                batch.finish(None);
            }
            Err(violation) => batch.finish(Some(&|| Error::new(codes::LV_T901, violation.to_string()))),
        }
    }
}

impl Store for MemoryStore {
    async fn transact<R: Send + 'static>(&self, scope: Scope, plan: impl Plan<R> + 'static) -> Result<R, Error> {
        let (request, pending) = Request::new(scope, plan);
        if let Some(batch) = Batch::take(&mut [request].into()) {
            self.commit(batch);
        }
        pending.now()
    }

    async fn read(&self, query: Query) -> Result<Page, Error> {
        Ok(self.with(|inner, moment| query::answer(&inner.tables, &query, moment)))
    }

    async fn events(&self, after: Cursor, filter: &Filter, limit: u32) -> Result<EventPage, Error> {
        Ok(self.with(|inner, _| query::events(inner.tables.state(), after, filter, limit)))
    }

    async fn next_due(&self, kind: DueKind) -> Result<Option<i64>, Error> {
        Ok(self.with(|inner, _| dues::earliest(inner.tables.state(), kind)))
    }

    async fn now(&self) -> Result<i64, Error> {
        Ok(self.with(|_, moment| moment.now_ms))
    }

    fn wake(&self) -> WakeReceiver {
        self.shared.waker.subscribe()
    }

    async fn dump(&self) -> Result<State, Error> {
        Ok(self.with(|inner, _| canonical::canonical(inner.tables.state().clone())))
    }

    fn instance(&self) -> u128 {
        self.shared.instance
    }

    /// Each call has a transaction of its own, and none is ever tried again.
    fn work(&self) -> Work {
        let calls = self.shared.inner.lock().calls;
        Work { transactions: calls, calls, ..Work::default() }
    }
}
