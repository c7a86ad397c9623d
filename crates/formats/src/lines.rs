//! The lines of a text file.

use levada_base::Result;
use memchr::memchr;

use crate::fault;
use crate::input::{Input, RECORD_BYTES_MAX};
use crate::value::parse::shown;

/// The lines of a file that are not blank, one by one.
pub(crate) struct Lines {
    input: Input,
    /// Bytes of the present line with its end; it is still at the front of the input.
    length: usize,
    line: u64,
}

impl Lines {
    pub(crate) fn new(input: Input) -> Self {
        Self { input, length: 0, line: 0 }
    }

    pub(crate) fn file(&self) -> &str {
        self.input.name()
    }

    /// The number of the present line, counted from 1.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// Goes to the next line that is not blank; `false` at the end of the file.
    pub(crate) fn advance(&mut self) -> Result<bool> {
        loop {
            self.input.consume(self.length);
            self.line += 1;
            self.length = self.find_end()?;
            if self.length == 0 {
                return Ok(false);
            }
            if !self.input.bytes()[..self.length].iter().all(u8::is_ascii_whitespace) {
                return Ok(true);
            }
        }
    }

    /// Bytes of the line at the front of the input; 0 at the end of the file.
    fn find_end(&mut self) -> Result<usize> {
        let mut searched = 0;
        loop {
            let bytes = self.input.bytes();
            if let Some(at) = memchr(b'\n', &bytes[searched..]) {
                return Ok(searched + at + 1);
            }
            if self.input.is_ended() {
                return Ok(bytes.len());
            }
            if bytes.len() > RECORD_BYTES_MAX {
                let start = String::from_utf8_lossy(&bytes[..400]).into_owned();
                let reason = format!("the line is longer than {RECORD_BYTES_MAX} bytes: {}", shown(&start));
                return Err(fault::bad_row(self.file(), self.line, None, reason));
            }
            searched = bytes.len();
            self.input.read_more()?;
        }
    }

    /// The present line.
    pub(crate) fn text(&self) -> Result<&str> {
        let bytes = &self.input.bytes()[..self.length];
        std::str::from_utf8(bytes).map_err(|_| {
            let text = String::from_utf8_lossy(bytes);
            fault::bad_row(self.file(), self.line, None, format!("{} is not UTF-8", shown(text.trim_end())))
        })
    }
}
