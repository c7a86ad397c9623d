//! What building a run brings: its header, the named executions with what leads into them, and what can be reached from one.

use levada_store::rows::Edge;
use levada_store::{ExecutionId, RunId};

use super::Slice;
use crate::codec::id;
use crate::errors::Result;
use crate::select::Select;

static REACHED: Select<Edge> = Select::new(include_str!("../sql/reached_edges.sql"));

impl Slice<'_> {
    pub(super) fn building(&mut self, run: RunId, executions: &[ExecutionId], reach: Option<ExecutionId>) -> Result<()> {
        self.lock_run(run)?;
        for execution in executions {
            self.execution(*execution)?;
            self.group_row(*execution)?;
            self.edges_into(run, *execution)?;
        }
        match reach {
            Some(from) => self.bring(&REACHED, (id(run.0), id(from.0))),
            None => Ok(()),
        }
    }
}
