//! The standard output, shared by results and `stdout` sinks, and the progress line under it, which makes room for them.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::ProgressBar;
use levada::{Error, Output, Result, codes};

use crate::report::Paint;

/// Where everything that was asked for is written.
#[derive(Clone)]
pub(crate) struct Screen {
    output: Output,
    line: Line,
    paint: Paint,
    /// Whether the reader of the standard output went away (`| head`).
    left: Arc<AtomicBool>,
}

impl Screen {
    /// The process's standard output; the progress line is there if the standard error is a terminal.
    pub(crate) fn of_process() -> Self {
        let line = Line { is_seen: io::stderr().is_terminal(), bar: Arc::default() };
        let paint = Paint(io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none());
        let left = Arc::new(AtomicBool::new(false));
        Self { output: Output::new(AboveLine { line: line.clone(), left: left.clone() }), line, paint, left }
    }

    /// What `stdout` sinks write to.
    pub(crate) fn output(&self) -> Output {
        self.output.clone()
    }

    /// The progress line.
    pub(crate) fn line(&self) -> &Line {
        &self.line
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
        self.line.suspend(say);
    }
}

fn closed(cause: io::Error) -> Error {
    let error = Error::new(codes::LV_C030, "the standard output can't be written");
    match cause.kind() {
        io::ErrorKind::BrokenPipe => error.with_reason("its reader is gone"),
        _ => error.with_reason(cause.to_string()),
    }
}

/// The line at the bottom of the terminal that says how far the work is; there while it is drawn.
#[derive(Clone)]
pub(crate) struct Line {
    is_seen: bool,
    bar: Arc<Mutex<Option<ProgressBar>>>,
}

impl Line {
    /// Whether anybody would see it.
    pub(crate) fn is_seen(&self) -> bool {
        self.is_seen
    }

    /// Draws it anew, unless somebody writes at the moment, which may take as long as a reader is slow.
    pub(crate) fn draw(&self, text: String) {
        let Ok(mut bar) = self.bar.try_lock() else { return };
        let bar = bar.get_or_insert_with(ProgressBar::new_spinner);
        bar.set_message(text);
        bar.tick();
    }

    pub(crate) fn clear(&self) {
        if let Some(bar) = self.lock().take() {
            bar.finish_and_clear();
        }
    }

    /// Does something while the line is away.
    fn suspend<T>(&self, act: impl FnOnce() -> T) -> T {
        match &*self.lock() {
            Some(bar) => bar.suspend(act),
            None => act(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes to the standard output while the progress line is away.
struct AboveLine {
    line: Line,
    left: Arc<AtomicBool>,
}

impl AboveLine {
    fn noted<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if matches!(&result, Err(error) if error.kind() == io::ErrorKind::BrokenPipe) {
            self.left.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl Write for AboveLine {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.line.suspend(|| io::stdout().write(bytes));
        self.noted(result)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        // A sink without news commits too; the line need not flicker for it.
        if bytes.is_empty() {
            return Ok(());
        }
        let result = self.line.suspend(|| io::stdout().write_all(bytes));
        self.noted(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = io::stdout().flush();
        self.noted(result)
    }
}
