//! The wish of the user, or of the system, that the program ends.
//!
//! Signals are heard on a thread of their own: the one that executes statements may stand still, in a long statement or before a pipe
//! that nobody reads. The first signal asks; one that comes while the first is still being followed ends the process at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use levada::{Error, Result, World, codes};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

/// Signals so close together are one wish: `timeout` sends its own to the process and to the group that it is in.
const ONE_WISH: Duration = Duration::from_millis(300);

/// What a shell reports for a process that was interrupted.
const INTERRUPTED: i32 = 130;

/// Listens for Ctrl-C and for the signal that asks a process to end. From then on a first one does not end the process by itself.
pub(crate) struct Stop(Arc<Wish>);

#[derive(Default)]
struct Wish {
    state: AtomicU8,
    came: Notify,
}

/// The states of a wish: there is none; nobody has taken it yet; what was going on is being ended.
const NONE: u8 = 0;
const SAID: u8 = 1;
const TAKEN: u8 = 2;

impl Stop {
    /// Begins to listen.
    ///
    /// # Errors
    /// `LV-S722` if the system gives no signals.
    pub(crate) fn listen(world: &World) -> Result<Self> {
        let cannot = |cause| Error::new(codes::LV_S722, "signals can't be heard").caused_by(cause);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
        let first = runtime.block_on(async { Signals::hear() }).map_err(cannot)?;
        let wish = Arc::new(Wish::default());
        let told = wish.clone();
        // It listens as long as the process lives: there is nobody to join it.
        drop(world.spawn("levada-signals", move || runtime.block_on(told.follow(first)))?);
        Ok(Self(wish))
    }

    /// Something new goes on: a wish that was taken was for what went on before.
    pub(crate) fn renew(&self) {
        // One that nobody has taken stays.
        let _ = self.0.state.compare_exchange(TAKEN, NONE, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Ends when the program is asked to.
    pub(crate) async fn asked(&self) {
        while self.0.state.compare_exchange(SAID, TAKEN, Ordering::AcqRel, Ordering::Acquire).is_err() {
            self.0.came.notified().await;
        }
    }
}

impl Wish {
    async fn follow(&self, mut signals: Signals) {
        loop {
            signals.next().await;
            if self.state.swap(SAID, Ordering::AcqRel) != NONE {
                std::process::exit(INTERRUPTED);
            }
            self.came.notify_one();
            tokio::time::sleep(ONE_WISH).await;
            // New ones know nothing of what came meanwhile. The system's handler is in place already: this can't fail.
            let Ok(heard) = Signals::hear() else { return };
            signals = heard;
        }
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn hear() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
