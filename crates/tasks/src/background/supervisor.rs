//! The supervisor: owns every loop of a node, starts them, and joins them at the end. Dropping it cuts them off.

use std::sync::Arc;
use std::time::Duration;

use levada_base::{Error, codes};
use levada_store::Store;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::post::{BackgroundStatus, Next, Post};
use super::{Workers, pump};
use crate::engine::Engine;
use crate::timer;

/// The loops of a node.
#[derive(Default)]
pub(crate) struct Supervisor {
    stop: watch::Sender<bool>,
    loops: Mutex<Loops>,
}

#[derive(Default)]
struct Loops {
    tasks: JoinSet<()>,
    listens: bool,
    status: Vec<Box<dyn Fn() -> BackgroundStatus + Send>>,
}

impl Supervisor {
    /// Starts the loops that the settings want.
    ///
    /// # Errors
    /// `LV-T001` outside of a tokio runtime.
    pub(crate) fn start<S: Store>(&self, engine: &Arc<Engine<S>>, workers: &Workers<S>) -> Result<(), Error> {
        let runtime = runtime()?;
        let settings = &engine.settings.background;
        let wanted = |name: &str| settings.workers.get(name).is_none_or(|worker| worker.enabled);
        let workers = workers.iter().filter(|worker| wanted(worker.name())).cloned();
        let posts: Vec<_> = workers.map(|worker| Arc::new(Post::new(worker))).collect();
        let mut loops = self.loops.lock();
        let woken = if settings.wakes { posts.clone() } else { Vec::new() };
        self.listen_with(&mut loops, &runtime, engine, woken);
        for post in posts {
            let status = Arc::clone(&post);
            loops.status.push(Box::new(move || status.status()));
            loops.tasks.spawn_on(run(Arc::clone(engine), post, self.stop.subscribe()), &runtime);
        }
        Ok(())
    }

    /// Starts what waiting claims need, once.
    ///
    /// # Errors
    /// `LV-T001` outside of a tokio runtime.
    pub(crate) fn listen<S: Store>(&self, engine: &Arc<Engine<S>>) -> Result<(), Error> {
        let mut loops = self.loops.lock();
        if !loops.listens {
            self.listen_with(&mut loops, &runtime()?, engine, Vec::new());
        }
        Ok(())
    }

    fn listen_with<S: Store>(&self, loops: &mut Loops, runtime: &Handle, engine: &Arc<Engine<S>>, posts: Vec<Arc<Post<S>>>) {
        loops.listens = true;
        // Subscribed here and now: nothing that is committed after this call goes unheard.
        let receiver = engine.store.wake();
        loops.tasks.spawn_on(pump::listen(Arc::clone(engine), receiver, posts, self.stop.subscribe()), runtime);
        loops.tasks.spawn_on(pump::probe(Arc::clone(engine), self.stop.subscribe()), runtime);
    }

    /// How the workers of this node fare.
    pub(crate) fn status(&self) -> Vec<BackgroundStatus> {
        self.loops.lock().status.iter().map(|status| status()).collect()
    }

    pub(crate) fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Until the node is closed.
    pub(crate) async fn stopped(&self) {
        // The sender lives as long as this does.
        let _ = self.stop.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// Ends all loops. False if some had to be cut off.
    pub(crate) async fn stop(&self, within: Duration) -> bool {
        self.stop.send_replace(true);
        let mut tasks = std::mem::take(&mut self.loops.lock().tasks);
        let joined = async { while tasks.join_next().await.is_some() {} };
        let all_ended = timer::within(within, joined).await.is_some();
        tasks.shutdown().await;
        all_ended
    }
}

fn runtime() -> Result<Handle, Error> {
    Handle::try_current().map_err(|_| {
        Error::new(codes::LV_T001, "background work and waiting claims need a tokio runtime: there is none")
            .with_hint("call from within a tokio runtime with time enabled, or open without background work")
    })
}

/// The loop of one worker.
async fn run<S: Store>(engine: Arc<Engine<S>>, post: Arc<Post<S>>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        match post.turn(&engine).await {
            // Others get a turn, too, on a store that never waits.
            Next::Again => tokio::task::yield_now().await,
            Next::Sleep(span) => {
                tokio::select! {
                    _ = stop.changed() => {}
                    () = post.woken() => {}
                    () = sleep(span) => {}
                }
            }
            Next::Recover(span) => {
                tokio::select! { _ = stop.changed() => {}, () = timer::sleep(span) => {} }
            }
        }
    }
}

async fn sleep(span: Option<Duration>) {
    match span {
        Some(span) => timer::sleep(span).await,
        None => std::future::pending().await,
    }
}
