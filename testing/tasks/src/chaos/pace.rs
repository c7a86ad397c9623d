//! The one place of the tests that lets time pass: kills and restarts come at moments that nothing in the program announces, and a
//! process under fire asks again after a pause.

use std::time::Duration;

/// Lets time pass.
pub(super) async fn pass(span: Duration) {
    tokio::time::sleep(span).await;
}
