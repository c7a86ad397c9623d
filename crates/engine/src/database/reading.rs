//! From the first row to the last: when sources are read, who runs the epochs over what they bring, and how it ends.

use std::time::Duration;

use levada_base::{Epoch, ObjectId, Result};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{Database, Inner, closed};
use crate::core::Core;
use crate::intake::SourceState;
use crate::subscription::copy;

impl Database {
    /// Begins to read the sources, where the builder asked for waiting.
    ///
    /// # Errors
    /// `LV-S722` if the system gives no threads.
    pub fn start(&self) -> Result<()> {
        self.write(Core::start_reading)
    }

    /// Waits until all bounded sources below the named relations (all relations, if none is named) have been read to their end and
    /// worked off.
    ///
    /// # Errors
    /// What stopped one of them on the way; `LV-S101` for an unknown name.
    pub async fn wait_for_end(&self, relations: &[&str]) -> Result<()> {
        let mut progress = self.0.progress.subscribe();
        loop {
            progress.mark_unchanged();
            let ended = self.read(|core| {
                let ids: Vec<ObjectId> = match relations {
                    [] => core.catalog.iter().map(|object| object.id).collect(),
                    names => names.iter().map(|name| core.catalog.find(name).map(|object| object.id)).collect::<Result<_>>()?,
                };
                core.has_ended(&ids).map_err(|error| copy(&error))
            })?;
            if ended {
                return Ok(());
            }
            self.step_where_nobody_does()?;
            if progress.changed().await.is_err() {
                return Err(closed());
            }
        }
    }

    /// In a world without threads: reads each source once and runs an epoch over it; `false` if there was nothing.
    ///
    /// # Errors
    /// An error that belongs to no single job.
    pub fn step(&self) -> Result<bool> {
        self.write(Core::step)
    }

    fn step_where_nobody_does(&self) -> Result<()> {
        let alone = self.0.driver.lock().is_none();
        if alone { self.step().map(drop) } else { Ok(()) }
    }

    /// Ends everything: sinks are completed, subscriptions end, readers stop. Later calls fail with `LV-J011`; a second close does nothing.
    ///
    /// # Errors
    /// The first error of a sink that could not be completed.
    pub fn close(&self) -> Result<()> {
        let (closed, readers) = self.0.core.lock().close();
        drop(readers);
        if let Some(driver) = self.0.driver.lock().take() {
            // Its panics were caught at the operators' edge; there is nothing left to tell.
            let _ = driver.join();
        }
        self.0.progress.send_modify(|_| {});
        closed
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let (_, readers) = self.core.lock().close();
        drop(readers);
        if let Some(runtime) = self.runtime.take() {
            // A runtime must not be waited for inside of another one.
            runtime.shutdown_background();
        }
    }
}

/// How often the driver looks for partitions that have become idle, when nothing else wakes it.
const IDLE_LOOK: Duration = Duration::from_secs(1);

/// Rows that are worth an epoch at once; fewer wait for `epoch_linger`.
const COALESCE_ROWS_MIN: usize = 1_024;

/// Runs epochs over what the readers bring, until the database is closed.
pub(super) fn drive(core: &Mutex<Core>, progress: &watch::Sender<Epoch>) {
    let (signal, world) = {
        let core = core.lock();
        (core.signal.clone(), core.world.clone())
    };
    let mut first_seen = None;
    loop {
        let (worked, epoch) = {
            let mut core = core.lock();
            if core.closed {
                return;
            }
            let now = world.clock().elapsed();
            if let Some(left) = lingers(&core, now - *first_seen.get_or_insert(now)) {
                drop(core);
                signal.wait(left);
                continue;
            }
            (core.step(), core.epoch)
        };
        first_seen = None;
        progress.send_replace(epoch);
        match worked {
            Ok(true) => {}
            // An error here has already stopped the jobs it concerns.
            Ok(false) | Err(_) => signal.wait(IDLE_LOOK),
        }
    }
}

/// How much longer an epoch should wait for more rows, `waited` after the first; `None` if it is worth its while or overdue.
fn lingers(core: &Core, waited: Duration) -> Option<Duration> {
    let mut rows = 0;
    for waiting in core.sources.values().map(SourceState::waiting) {
        if waiting.ended {
            return None;
        }
        rows += waiting.rows;
    }
    let enough = COALESCE_ROWS_MIN.min(core.settings.epoch_rows_max);
    let left = Duration::from_millis(core.settings.epoch_linger_ms).saturating_sub(waited);
    ((1..enough).contains(&rows) && !left.is_zero()).then_some(left)
}
