//! The standard output, shared by results and `stdout` sinks, and the progress line under it, which makes room for them.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::ProgressBar;
use levada::{Error, Output, Result, codes};

use crate::report::Paint;

/// Where everything that was asked for is written.
#[derive(Clone)]
pub(crate) struct Screen {
    output: Output,
    bar: ProgressBar,
    paint: Paint,
    /// Whether the reader of the standard output went away (`| head`).
    left: Arc<AtomicBool>,
}

impl Screen {
    /// The process's standard output; the progress line is there if the standard error is a terminal.
    pub(crate) fn of_process() -> Self {
        let bar = if io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        let paint = Paint(io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none());
        let left = Arc::new(AtomicBool::new(false));
        Self { output: Output::new(AboveBar { bar: bar.clone(), left: left.clone() }), bar, paint, left }
    }

    /// What `stdout` sinks write to.
    pub(crate) fn output(&self) -> Output {
        self.output.clone()
    }

    pub(crate) fn bar(&self) -> &ProgressBar {
        &self.bar
    }

    pub(crate) fn paint(&self) -> Paint {
        self.paint
    }

    /// Whether nobody reads the standard output any more: the errors that follow from it are not told.
    pub(crate) fn was_left(&self) -> bool {
        self.left.load(Ordering::Relaxed)
    }

    /// # Errors
    /// `LV-C030` if nobody reads any more.
    pub(crate) fn print(&self, text: &str) -> Result<()> {
        let mut output = self.output.clone();
        output.write_all(text.as_bytes()).and_then(|()| output.flush()).map_err(closed)
    }

    /// Prints something that belongs to the standard error without breaking the progress line.
    pub(crate) fn aside(&self, say: impl FnOnce()) {
        self.bar.suspend(say);
    }
}

fn closed(cause: io::Error) -> Error {
    let error = Error::new(codes::LV_C030, "the standard output can't be written");
    match cause.kind() {
        io::ErrorKind::BrokenPipe => error.with_reason("its reader is gone"),
        _ => error.with_reason(cause.to_string()),
    }
}

/// Writes to the standard output while the progress line is away.
struct AboveBar {
    bar: ProgressBar,
    left: Arc<AtomicBool>,
}

impl AboveBar {
    fn noted<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if matches!(&result, Err(error) if error.kind() == io::ErrorKind::BrokenPipe) {
            self.left.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl Write for AboveBar {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.bar.suspend(|| io::stdout().write(bytes));
        self.noted(result)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let result = self.bar.suspend(|| io::stdout().write_all(bytes));
        self.noted(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = io::stdout().flush();
        self.noted(result)
    }
}
