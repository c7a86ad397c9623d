//! Where panics end: a reader, a job, a statement. What panicked fails with `LV-J006`, the database goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use levada_base::{Error, Result, codes};

/// Does `work`, for which `who` answers.
///
/// # Errors
/// Those of `work`; `LV-J006` if it panics. What it was changing is of no use any more then.
pub(crate) fn guarded<T>(who: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Error::new(codes::LV_J006, format!("{who} panicked: {}", said.unwrap_or("no message")))
            .with_hint("this is a bug in Levada: please report it"))
    })
}
