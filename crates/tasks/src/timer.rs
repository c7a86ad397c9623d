//! The one place that waits for time and for signals. The world has no timers: a simulated engine is driven by calls.

use std::future::Future;
use std::time::Duration;

use tokio::time::Sleep;

/// Waits; the span begins with the call, not with the first look at what it returns.
pub(crate) fn sleep(span: Duration) -> Sleep {
    tokio::time::sleep(span)
}

/// The future's output, or none if it takes longer than `span`.
pub(crate) async fn within<F: Future>(span: Duration, future: F) -> Option<F::Output> {
    tokio::time::timeout(span, future).await.ok()
}

/// A span of milliseconds; a negative one is none at all.
pub(crate) fn span_of_ms(ms: i64) -> Duration {
    Duration::from_millis(ms.max(0).unsigned_abs())
}

/// Waits until the process is asked to end.
pub(crate) async fn end_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
