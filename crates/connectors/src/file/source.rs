//! Files, read one after the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use levada_base::{Error, Result, World, codes};
use levada_connect::{
    Context, Decoder, Fetch, FetchLimits, Fetched, Format, Options, ReadPlan, Source, SourcePosition, SourceSpec,
};

use super::position::FilePosition;
use super::{NAME, OPTIONS, path, paths};
use crate::role;

/// An open file source.
pub(super) struct FileSource {
    world: World,
    format: Arc<dyn Format>,
    format_options: Options,
    schema: SchemaRef,
    batch_rows: usize,
    files: Vec<PathBuf>,
    /// The file among `files` that is read, or their number at the end.
    at: usize,
    /// Rows of that file that were given out.
    rows: u64,
    open: Option<OpenFile>,
}

/// The file being read.
struct OpenFile {
    decoder: Box<dyn Decoder>,
    length: u64,
    /// What the last fetch had no room for.
    rest: Option<RecordBatch>,
}

impl FileSource {
    pub(super) fn open(spec: &SourceSpec, schema: SchemaRef, context: &Context) -> Result<Self> {
        let said = spec.format.as_ref().ok_or_else(|| role::has_no_format(NAME))?;
        let format = context.format(said)?;
        let files = paths::resolve(path(&spec.options), &*format, &**context.world.files())?;
        let batch_rows = spec.options.int(OPTIONS, "batch_rows").and_then(|rows| usize::try_from(rows).ok()).unwrap_or(1);
        let mut source = Self {
            world: context.world.clone(),
            format,
            format_options: said.options.clone(),
            schema,
            batch_rows,
            files,
            at: 0,
            rows: 0,
            open: None,
        };
        // A column that does not fit is found now, not when the job runs.
        source.open_present()?;
        Ok(source)
    }

    /// Opens the present file behind the rows that were given out; the file open already is kept.
    fn open_present(&mut self) -> Result<Option<&mut OpenFile>> {
        let Some(path) = self.files.get(self.at) else { return Ok(None) };
        if self.open.is_none() {
            let files = self.world.files();
            let length = files.length(path).map_err(|cause| paths::unreachable(path, cause, &**files))?;
            let file = files.open(path).map_err(|cause| paths::unreachable(path, cause, &**files))?;
            let plan = ReadPlan {
                schema: self.schema.clone(),
                batch_rows: self.batch_rows,
                skip_rows: self.rows,
                file: path.display().to_string(),
            };
            let decoder = self.format.decoder(file, plan, &self.format_options)?;
            self.open = Some(OpenFile { decoder, length, rest: None });
        }
        Ok(self.open.as_mut())
    }

    /// The next rows of the present file; `None` at its end.
    fn next_batch(&mut self, rows_max: usize) -> Result<Option<(RecordBatch, u64)>> {
        let Some(open) = self.open_present()? else { return Ok(None) };
        let length = open.length;
        let batch = match open.rest.take() {
            Some(rest) => Some(rest),
            None => open.decoder.next()?,
        };
        let batch = batch.map(|batch| {
            let taken = batch.num_rows().min(rows_max.max(1));
            if taken < batch.num_rows() {
                open.rest = Some(batch.slice(taken, batch.num_rows() - taken));
            }
            batch.slice(0, taken)
        });
        self.unchanged(&self.files[self.at], length)?;
        Ok(batch.map(|batch| (batch, length)))
    }

    /// # Errors
    /// `LV-C023` if the file is not as long as it was.
    fn unchanged(&self, path: &Path, length: u64) -> Result<()> {
        match self.world.files().length(path) {
            Ok(now) if now == length => Ok(()),
            found => {
                let now = found.map_or_else(|cause| cause.to_string(), |now| format!("it has {now} bytes"));
                Err(Error::new(codes::LV_C023, format!("\"{}\" changed while it was read", path.display()))
                    .with_reason(format!("it had {length} bytes when it was opened, and now: {now}"))
                    .with_hint("write new rows to a new file"))
            }
        }
    }
}

impl Source for FileSource {
    fn fetch(&mut self, limits: FetchLimits) -> Result<Fetch> {
        while self.at < self.files.len() {
            match self.next_batch(limits.rows_max) {
                Ok(Some((batch, length))) => {
                    self.rows += batch.num_rows() as u64;
                    let position = FilePosition { path: self.files[self.at].clone(), rows: self.rows, length }.encode();
                    return Ok(Fetch::Rows(Fetched { batch, partition: 0, position }));
                }
                Ok(None) => {
                    self.open = None;
                    self.at += 1;
                    self.rows = 0;
                }
                Err(error) => {
                    // The next fetch reads the same rows again: an error is not got round by asking once more.
                    self.open = None;
                    return Err(error);
                }
            }
        }
        Ok(Fetch::End)
    }

    fn seek(&mut self, position: &SourcePosition) -> Result<()> {
        self.open = None;
        (self.at, self.rows) = (0, 0);
        if position.0.is_empty() {
            return Ok(());
        }
        let wanted = FilePosition::decode(position)?;
        let Some(at) = self.files.iter().position(|file| *file == wanted.path) else {
            return Err(Error::new(codes::LV_C023, format!("\"{}\" is not there any more", wanted.path.display()))
                .with_reason("it was read in part"));
        };
        self.unchanged(&wanted.path, wanted.length)?;
        (self.at, self.rows) = (at, wanted.rows);
        Ok(())
    }
}
