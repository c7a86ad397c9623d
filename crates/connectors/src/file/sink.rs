//! A file, written under another name and moved to its own when it is whole.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use levada_base::{Epoch, Error, Result, World, WriteFile, codes};
use levada_connect::{Context, Encoder, Format, Options, Sink, SinkSpec};

use super::{NAME, OPTIONS, path};
use crate::role;

/// An open file sink.
pub(super) struct FileSink {
    world: World,
    format: Arc<dyn Format>,
    format_options: Options,
    schema: SchemaRef,
    target: PathBuf,
    /// Bytes after which a new file begins; `None` for one file.
    roll_bytes: Option<u64>,
    /// Files that are complete.
    parts: u64,
    open: Option<OpenPart>,
    closed: bool,
}

/// The file being written.
struct OpenPart {
    encoder: Box<dyn Encoder>,
    temporary: PathBuf,
    written: Arc<AtomicU64>,
}

impl FileSink {
    pub(super) fn open(spec: &SinkSpec, context: &Context) -> Result<Self> {
        let said = spec.format.as_ref().ok_or_else(|| role::has_no_format(NAME))?;
        let target = PathBuf::from(path(&spec.options));
        let files = context.world.files();
        if files.is_directory(&target) || files.is_device(&target) || target.to_string_lossy().contains('*') {
            let position = spec.options.get("path").and_then(|option| option.value_position);
            return Err(Error::new(codes::LV_C003, format!("a sink can't write to \"{}\"", target.display()))
                .with_reason("it is a directory, a device or a pattern")
                .with_hint("give the path of one file; connector = 'stdout' writes to where the program's output goes")
                .at(position));
        }
        let mut sink = Self {
            world: context.world.clone(),
            format: context.format(said)?,
            format_options: said.options.clone(),
            schema: spec.schema.clone(),
            target,
            roll_bytes: spec.options.bytes(OPTIONS, "roll_bytes"),
            parts: 0,
            open: None,
            closed: false,
        };
        sink.refuse_old_parts()?;
        // Columns that the format can't hold are refused now.
        sink.open_part()?;
        Ok(sink)
    }

    /// The name of the part with that number; the target itself if there is only one.
    fn part_path(&self, part: u64) -> PathBuf {
        if self.roll_bytes.is_none() {
            return self.target.clone();
        }
        let stem = self.target.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
        let ending = self.target.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
        self.target.with_file_name(format!("{stem}-{part:05}{ending}"))
    }

    /// Parts of an earlier run would stand beside ours as if they were of one output.
    fn refuse_old_parts(&self) -> Result<()> {
        let first = self.part_path(1);
        if self.roll_bytes.is_some() && self.world.files().length(&first).is_ok() {
            return Err(Error::new(codes::LV_C003, format!("\"{}\" is there already", first.display()))
                .with_reason("a sink with roll_bytes does not replace files of an earlier one")
                .with_hint("move them away, or choose another path"));
        }
        Ok(())
    }

    fn open_part(&mut self) -> Result<&mut OpenPart> {
        if self.open.is_none() {
            let name = self.target.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
            // Random, so that two sinks never write into one file; hidden, so that no source takes it for data.
            let temporary = self.target.with_file_name(format!(".{name}.{:016x}.part", self.world.random()));
            let file = self.world.files().create(&temporary).map_err(|cause| unwritable(&self.target, cause))?;
            let written = Arc::new(AtomicU64::new(0));
            let counted = Box::new(Counted { file, written: written.clone() });
            let encoder = self.format.encoder(counted, self.schema.clone(), &self.format_options);
            let encoder = encoder.inspect_err(|_| drop(self.world.files().remove(&temporary)))?;
            self.open = Some(OpenPart { encoder, temporary, written });
        }
        self.open.as_mut().ok_or_else(|| Error::internal("a part that was just opened is gone"))
    }

    /// Completes the open part and gives it its name.
    fn finish_part(&mut self) -> Result<()> {
        let target = self.part_path(self.parts + 1);
        let Some(part) = &mut self.open else { return Ok(()) };
        part.encoder.finish()?;
        self.world.files().rename(&part.temporary, &target).map_err(|cause| unwritable(&target, cause))?;
        self.open = None;
        self.parts += 1;
        Ok(())
    }
}

impl Sink for FileSink {
    fn write(&mut self, _epoch: Epoch, rows: &RecordBatch) -> Result<()> {
        self.open_part()?.encoder.write(rows)
    }

    fn commit(&mut self, _epoch: Epoch) -> Result<()> {
        let (Some(roll_bytes), Some(part)) = (self.roll_bytes, &mut self.open) else { return Ok(()) };
        part.encoder.flush()?;
        if part.written.load(Ordering::Relaxed) >= roll_bytes { self.finish_part() } else { Ok(()) }
    }

    fn close(&mut self) -> Result<()> {
        if self.closed {
            return Ok(());
        }
        if self.parts == 0 {
            // Without a row there is still a file, with its header.
            self.open_part()?;
        }
        self.finish_part()?;
        self.closed = true;
        Ok(())
    }
}

impl Drop for FileSink {
    fn drop(&mut self) {
        if let Some(part) = self.open.take() {
            drop(part.encoder);
            // Nobody is left to be told; a hidden file that stays is no data.
            drop(self.world.files().remove(&part.temporary));
        }
    }
}

fn unwritable(path: &Path, cause: io::Error) -> Error {
    Error::new(codes::LV_C030, format!("\"{}\" can't be written", path.display()))
        .because(cause)
        .with_hint("give a path in a directory that may be written and has room")
}

/// A file that counts what is written to it.
struct Counted {
    file: Box<dyn WriteFile>,
    written: Arc<AtomicU64>,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.written.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl WriteFile for Counted {
    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }
}
