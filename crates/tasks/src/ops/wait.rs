//! Waiting for a run's end.

use std::time::Duration;

use levada_base::Error;
use levada_store::alphabets::RunPhase;
use levada_store::{RunId, Store};

use super::cancel_run::{LOOK_MS, changed};
use super::{RunView, Tasks};
use crate::timer;

impl<S: Store> Tasks<S> {
    /// Waits until a run has ended, at most for `within`, and returns it as it is then: whoever needs to know looks at its phase. Woken
    /// by the run's own changes; holds nothing of the store while it waits.
    ///
    /// # Errors
    /// `LV-T002`.
    pub async fn wait_for_run(&self, run: RunId, within: Duration) -> Result<RunView, Error> {
        // Listening begins before the first look: no end falls between the two.
        let mut wakes = self.engine.store.wake();
        let ended = async {
            while self.run_header(run).await?.phase != RunPhase::Ended {
                // A wake-up that does not come costs a look after a while.
                let _ = timer::within(Duration::from_millis(LOOK_MS), changed(run, &mut wakes)).await;
            }
            Ok::<(), Error>(())
        };
        if let Some(failed @ Err(_)) = timer::within(within, ended).await {
            failed?;
        }
        self.describe_run(run).await
    }
}
