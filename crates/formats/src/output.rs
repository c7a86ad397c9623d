//! A file being written through a buffer: what the text formats have in common.

use std::io::Write;

use levada_base::{Result, WriteFile};

use crate::fault;

/// Bytes kept back before they go to the file.
const BUFFER_BYTES: usize = 1 << 20;

/// A file and what is to be written at its end.
pub(crate) struct Output {
    file: Box<dyn WriteFile>,
    /// Bytes that are not in the file yet.
    pub(crate) buffer: Vec<u8>,
}

impl Output {
    pub(crate) fn new(file: Box<dyn WriteFile>) -> Self {
        Self { file, buffer: Vec::new() }
    }

    /// Makes room if much is kept back; to be called after each row.
    pub(crate) fn end_row(&mut self) -> Result<()> {
        if self.buffer.len() >= BUFFER_BYTES { self.drain() } else { Ok(()) }
    }

    /// Nothing is kept back afterwards.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.drain()?;
        self.file.flush().map_err(fault::unwritable)
    }

    /// Everything is on the disk afterwards.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.flush()?;
        self.file.sync().map_err(fault::unwritable)
    }

    fn drain(&mut self) -> Result<()> {
        self.file.write_all(&self.buffer).map_err(fault::unwritable)?;
        self.buffer.clear();
        Ok(())
    }
}
