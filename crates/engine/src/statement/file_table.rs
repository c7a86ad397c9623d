//! A file as a table: `SELECT … FROM 'bids.parquet'`.

use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result as PlanResult};
use datafusion::datasource::TableType;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use levada_base::{Error, Result, codes};
use levada_connect::{Context, Format, Options, ReadPlan};

/// Rows a batch.
const BATCH_ROWS: usize = 8_192;

/// A file whose name was used as a relation's.
pub(crate) struct FileTable {
    path: String,
    format: Arc<dyn Format>,
    schema: SchemaRef,
    context: Context,
}

impl std::fmt::Debug for FileTable {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "FileTable({})", self.path)
    }
}

impl FileTable {
    /// The file of that name, if the name looks like one of a format we know.
    ///
    /// # Errors
    /// `LV-C010` if it is not there; `LV-S603` if its columns can't be told.
    pub(crate) fn open(name: &str, context: &Context) -> Result<Option<Self>> {
        let Some(format) = context.registry.format_of_path(Path::new(name)) else { return Ok(None) };
        let file = context.world.files().open(Path::new(name)).map_err(|cause| missing(name, &cause))?;
        let inferred = format.infer(file, &Options::default());
        let schema = inferred.map_err(|error| error.while_doing(format_args!("\"{name}\"")))?;
        Ok(Some(Self { path: name.to_owned(), format, schema, context: context.clone() }))
    }
}

fn missing(name: &str, cause: &std::io::Error) -> Error {
    Error::new(codes::LV_C010, format!("file \"{name}\" can't be read: {cause}"))
        .with_hint("check the path; it is relative to where levada runs")
}

#[async_trait]
impl TableProvider for FileTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _session: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        limit: Option<usize>,
    ) -> PlanResult<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            None => self.schema.clone(),
            Some(columns) => Arc::new(self.schema.project(columns)?),
        };
        let partition = FilePartition {
            path: self.path.clone(),
            format: self.format.clone(),
            schema: schema.clone(),
            context: self.context.clone(),
        };
        let exec = StreamingTableExec::try_new(schema, vec![Arc::new(partition)], None, Vec::new(), false, limit)?;
        Ok(Arc::new(exec))
    }
}

struct FilePartition {
    path: String,
    format: Arc<dyn Format>,
    schema: SchemaRef,
    context: Context,
}

impl std::fmt::Debug for FilePartition {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "FilePartition({})", self.path)
    }
}

impl PartitionStream for FilePartition {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let external = |error: Error| DataFusionError::External(Box::new(error));
        let plan = ReadPlan { schema: self.schema.clone(), batch_rows: BATCH_ROWS, skip_rows: 0, file: self.path.clone() };
        let opened = self.context.world.files().open(Path::new(&self.path)).map_err(|cause| missing(&self.path, &cause));
        let decoder = opened.and_then(|file| self.format.decoder(file, plan, &Options::default()));
        let batches: Box<dyn Iterator<Item = PlanResult<_>> + Send> = match decoder {
            Err(error) => Box::new(std::iter::once(Err(external(error)))),
            Ok(mut decoder) => {
                let mut ended = false;
                Box::new(std::iter::from_fn(move || {
                    if ended {
                        return None;
                    }
                    let next = decoder.next().map_err(external).transpose();
                    ended = matches!(next, None | Some(Err(_)));
                    next
                }))
            }
        };
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), futures::stream::iter(batches)))
    }
}
