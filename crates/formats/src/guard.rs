//! A fence around readers of binary formats that nobody here wrote: where damaged bytes make one panic, the file is at fault and the
//! process goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use levada_base::Result;

use crate::fault;

/// What `read` gives; an error about `file` if it panics. What it worked on must not be used after that.
pub(crate) fn guard<T>(file: &str, read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(fault::bad_file(file, "its contents contradict each other")))
}
