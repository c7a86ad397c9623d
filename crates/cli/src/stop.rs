//! The wish of the user, or of the system, that the program ends.

use levada::{Error, Result, codes};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens for Ctrl-C and for the signal that asks a process to end. From then on neither ends the process by itself.
pub(crate) struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// Begins to listen. Must be called within a runtime.
    ///
    /// # Errors
    /// `LV-S722` if the system gives no signals.
    pub(crate) fn listen() -> Result<Self> {
        let hear = |kind| signal(kind).map_err(|cause| Error::new(codes::LV_S722, "signals can't be heard").caused_by(cause));
        Ok(Self { interrupt: hear(SignalKind::interrupt())?, terminate: hear(SignalKind::terminate())? })
    }

    /// Ends when the program is asked to.
    pub(crate) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
