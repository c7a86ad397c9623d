//! The pump: the one listener of a node to the store's wake-ups, which passes them on; and the probe that all waiting claims share.

use std::sync::Arc;
use std::time::Duration;

use levada_store::{Query, Store, Wake, WakeReceiver};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

use super::post::Post;
use crate::claims::PROBE_MS;
use crate::engine::Engine;
use crate::{metrics, timer};

/// Routes of one probe; more than that are ready only if work of all of them waits.
const PROBED_ROUTES_MAX: u32 = 10_000;

/// Passes wake-ups on. It never waits for the store, so it is as quick as they are.
pub(super) async fn listen<S: Store>(
    engine: Arc<Engine<S>>,
    mut receiver: WakeReceiver,
    posts: Vec<Arc<Post<S>>>,
    mut stop: watch::Receiver<bool>,
) {
    while !*stop.borrow() {
        let wake = tokio::select! {
            _ = stop.changed() => return,
            wake = receiver.recv() => wake,
        };
        let wake = match wake {
            Ok(wake) => wake,
            Err(RecvError::Lagged(_)) => Wake::All,
            // The store is gone; what waits has its ticks and its own errors.
            Err(RecvError::Closed) => return,
        };
        match wake {
            Wake::Ready(route) => {
                metrics::woken("ready");
                engine.desk.ready(route);
            }
            Wake::Freed(route) => engine.desk.freed(route),
            Wake::All => {
                metrics::woken("all");
                engine.desk.forget();
            }
            _ => metrics::woken("other"),
        }
        posts.iter().for_each(|post| post.hint(&wake));
    }
}

/// Looks for ready work while claims wait: when the desk asks for it, and once in a while.
pub(super) async fn probe<S: Store>(engine: Arc<Engine<S>>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        tokio::select! {
            _ = stop.changed() => return,
            () = engine.desk.wants_probe() => {}
            () = timer::sleep(Duration::from_millis(PROBE_MS)) => {}
        }
        if !engine.desk.has_waiting() {
            continue;
        }
        if let Some(forgotten) = engine.desk.begin_probe()
            && let Ok(page) = engine.read(Query::Lanes).await
        {
            let limited = page.rows.lanes.into_values().filter(|lane| lane.max_active.is_some());
            engine.desk.learn_limited(forgotten, limited.map(|lane| lane.name).collect());
        }
        match engine.read(Query::ReadyRoutes(PROBED_ROUTES_MAX)).await {
            Ok(page) => {
                let routes = page.rows.routes;
                let is_all = routes.len() < PROBED_ROUTES_MAX as usize;
                engine.desk.probed(routes.into_values(), is_all);
            }
            Err(_) => {
                metrics::background_error("claim_probe");
                // The claims themselves meet the same trouble when they look; the next probe comes by itself.
                engine.desk.probed([], false);
            }
        }
    }
}
