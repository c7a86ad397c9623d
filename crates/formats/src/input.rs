//! The bytes of a text file, a window at a time.

use std::io::Read;

use levada_base::{ReadFile, Result};

use crate::fault;

/// Bytes asked of the file at once.
const READ_BYTES: usize = 256 << 10;

/// Bytes of the longest record (row, line) that is read.
pub(crate) const RECORD_BYTES_MAX: usize = 16 << 20;

/// A window on a file: bytes that were read and not yet consumed.
pub(crate) struct Input {
    file: Box<dyn ReadFile>,
    name: String,
    buffer: Vec<u8>,
    consumed: usize,
    ended: bool,
}

impl Input {
    pub(crate) fn new(file: Box<dyn ReadFile>, name: &str) -> Result<Self> {
        let mut input = Self { file, name: name.to_owned(), buffer: Vec::new(), consumed: 0, ended: false };
        while input.bytes().len() < BYTE_ORDER_MARK.len() && !input.ended {
            input.read_more()?;
        }
        if input.bytes().starts_with(BYTE_ORDER_MARK) {
            input.consume(BYTE_ORDER_MARK.len());
        }
        Ok(input)
    }

    /// What errors call the file.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What was read and not consumed.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer[self.consumed..]
    }

    /// Whether nothing comes after [`Input::bytes`].
    pub(crate) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Passes over the first `count` bytes.
    pub(crate) fn consume(&mut self, count: usize) {
        self.consumed += count;
    }

    /// Makes [`Input::bytes`] longer, or finds the file's end. It asks for as much as is there already, so that looking for the end of
    /// a long record from its start costs a logarithmic number of looks.
    pub(crate) fn read_more(&mut self) -> Result<()> {
        self.buffer.drain(..self.consumed);
        self.consumed = 0;
        let wanted = READ_BYTES.max(self.buffer.len());
        let before = self.buffer.len();
        self.buffer.reserve(wanted);
        let read = (&mut self.file).take(wanted as u64).read_to_end(&mut self.buffer);
        read.map_err(|cause| fault::unreadable(&self.name, cause))?;
        self.ended = self.buffer.len() - before < wanted;
        Ok(())
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
