//! A store that counts what is asked of it, loses its wake-ups and fails where it is told to.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use levada_base::Error;
use levada_store::{
    Cursor, DueKind, EventPage, Filter, MemoryStore, Page, Plan, Query, Scope, State, Store, WakeReceiver, Waker, Work,
};
use parking_lot::Mutex;
use tokio::sync::Semaphore;

/// How wake-ups arrive at those who begin to listen.
#[derive(Clone, Copy, Default)]
enum Hearing {
    #[default]
    Good,
    Deaf,
    Echoing,
}

/// How late an echo is, in turns of everybody else, and how often it is heard.
const ECHO: (usize, usize) = (100, 3);

type Fault = Box<dyn Fn(&Scope) -> Option<Error> + Send>;

pub struct Probed<S: Store = MemoryStore> {
    below: Arc<S>,
    shared: Arc<Shared>,
}

impl<S: Store> Clone for Probed<S> {
    fn clone(&self) -> Self {
        Self { below: Arc::clone(&self.below), shared: Arc::clone(&self.shared) }
    }
}

#[derive(Default)]
struct Shared {
    reads: AtomicU64,
    dues: AtomicU64,
    transactions: AtomicU64,
    claims: AtomicU64,
    hearing: Mutex<Hearing>,
    /// Where nobody sends anything.
    silence: Waker,
    fault: Mutex<Option<Fault>>,
    /// Where the answers of claims wait for a permit each, once they are decided.
    gate: Mutex<Option<Arc<Semaphore>>>,
}

impl<S: Store> Probed<S> {
    pub fn new(below: S) -> Self {
        Self { below: Arc::new(below), shared: Arc::default() }
    }

    /// No wake-up arrives from now on at those who begin to listen.
    pub fn deaf(self) -> Self {
        *self.shared.hearing.lock() = Hearing::Deaf;
        self
    }

    /// Every wake-up arrives late and more than once from now on.
    pub fn echoing(self) -> Self {
        *self.shared.hearing.lock() = Hearing::Echoing;
        self
    }

    /// Transactions of a scope fail, or panic, as `fault` says.
    pub fn fail(&self, fault: impl Fn(&Scope) -> Option<Error> + Send + 'static) {
        *self.shared.fault.lock() = Some(Box::new(fault));
    }

    /// The answer of each claim waits for a permit from now on.
    pub fn hold_claims(&self) -> Arc<Semaphore> {
        let gate = Arc::new(Semaphore::new(0));
        *self.shared.gate.lock() = Some(Arc::clone(&gate));
        gate
    }

    pub fn heal(&self) {
        *self.shared.fault.lock() = None;
    }

    /// Reads, questions for due times, and transactions so far.
    pub fn asked(&self) -> [u64; 3] {
        [&self.shared.reads, &self.shared.dues, &self.shared.transactions].map(|count| count.load(Ordering::Relaxed))
    }

    pub fn claims(&self) -> u64 {
        self.shared.claims.load(Ordering::Relaxed)
    }
}

impl<S: Store> Store for Probed<S> {
    fn transact<R: Send + 'static>(
        &self,
        scope: Scope,
        plan: impl Plan<R> + 'static,
    ) -> impl Future<Output = Result<R, Error>> + Send {
        let is_claim = matches!(scope, Scope::Claim(_));
        let count = if is_claim { &self.shared.claims } else { &self.shared.transactions };
        count.fetch_add(1, Ordering::Relaxed);
        let gate = self.shared.gate.lock().clone().filter(|_| is_claim);
        let fault = self.shared.fault.lock().as_ref().and_then(|fault| fault(&scope));
        async move {
            let answer = match fault {
                Some(error) => Err(error),
                None => self.below.transact(scope, plan).await,
            };
            if let Some(gate) = gate {
                gate.acquire().await.expect("it is never closed").forget();
            }
            answer
        }
    }

    async fn read(&self, query: Query) -> Result<Page, Error> {
        self.shared.reads.fetch_add(1, Ordering::Relaxed);
        self.below.read(query).await
    }

    async fn events(&self, after: Cursor, filter: &Filter, limit: u32) -> Result<EventPage, Error> {
        self.below.events(after, filter, limit).await
    }

    async fn next_due(&self, kind: DueKind) -> Result<Option<i64>, Error> {
        self.shared.dues.fetch_add(1, Ordering::Relaxed);
        self.below.next_due(kind).await
    }

    async fn now(&self) -> Result<i64, Error> {
        self.below.now().await
    }

    fn wake(&self) -> WakeReceiver {
        let hearing = *self.shared.hearing.lock();
        match hearing {
            Hearing::Good => self.below.wake(),
            Hearing::Deaf => self.shared.silence.subscribe(),
            Hearing::Echoing => echo(self.below.wake()),
        }
    }

    async fn dump(&self) -> Result<State, Error> {
        self.below.dump().await
    }

    fn instance(&self) -> u128 {
        self.below.instance()
    }

    fn work(&self) -> Work {
        self.below.work()
    }
}

/// What is heard, late and again.
fn echo(mut heard: WakeReceiver) -> WakeReceiver {
    let (waker, (late, times)) = (Waker::default(), ECHO);
    let receiver = waker.subscribe();
    tokio::spawn(async move {
        while let Ok(wake) = heard.recv().await {
            for _ in 0..times {
                for _ in 0..late {
                    tokio::task::yield_now().await;
                }
                waker.send([wake]);
            }
        }
    });
    receiver
}
