//! The one place of the harness that lets time pass: a client that was refused asks again after a pause, nodes that are behind their load
//! are asked again whether they still are, and a long sweep restarts its
//! server every so many seconds. No test waits for time: see [`super::ledger::Ledger::more`].

use std::time::Duration;

/// Lets time pass.
pub(super) async fn pass(span: Duration) {
    tokio::time::sleep(span).await;
}
