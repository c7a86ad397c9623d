//! What stands in a worker's way.

use levada_base::Error;
use tokio::sync::watch;

/// What the last calls of a worker met, if they failed. A worker tries on by itself; people find here why nothing comes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkerStatus {
    /// The error of the last claim; none if it was answered.
    pub claim_error: Option<String>,
    /// The error of the last word to the registry: the worker works, and its entry there is missing or out of date.
    pub registry_error: Option<String>,
}

/// Notes how a call went; nobody is woken if it went as the one before.
pub(super) fn note<T>(
    status: &watch::Sender<WorkerStatus>,
    place: impl Fn(&mut WorkerStatus) -> &mut Option<String>,
    answer: &Result<T, Error>,
) {
    let met = answer.as_ref().err().map(ToString::to_string);
    status.send_if_modified(|status| {
        let kept = place(status);
        let is_news = *kept != met;
        *kept = met;
        is_news
    });
}
