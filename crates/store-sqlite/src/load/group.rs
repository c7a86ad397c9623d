//! What the dispatcher's slice brings: one fired group, its pending row, and the siblings that have to go.

use levada_store::ExecutionId;
use levada_store::alphabets::CancelState;
use levada_store::limits::DISPATCH_CHUNK_MAX;
use levada_store::rows::{CancelPending, Execution};

use super::{RUN, Slice};
use crate::codec::id;
use crate::errors::Result;
use crate::select::Select;

static PENDING: Select<CancelPending> = Select::new("WHERE child = ?1");
static LOSERS: Select<Execution> = Select::new(include_str!("../sql/losers.sql"));
const SPARED: &str = include_str!("../sql/spared.sql");

impl Slice<'_> {
    pub(super) fn group(&mut self, child: ExecutionId) -> Result<()> {
        self.bring(&PENDING, [id(child.0)])?;
        self.group_row(child)?;
        let Some(group) = self.state.groups.get(&child).cloned() else { return Ok(()) };
        self.execution(child)?;
        self.bring(&RUN, [id(group.run_id.0)])?;
        if group.cancel_state != CancelState::Pending {
            return Ok(());
        }
        self.edges_into(group.run_id, child)?;
        let spared = self.session.number(SPARED, (id(group.run_id.0), id(child.0)))?.unwrap_or(0);
        self.state.spared.insert(child, spared);
        // One more than a chunk says that there is another chunk.
        let chunk = i64::try_from(DISPATCH_CHUNK_MAX + 1).unwrap_or(i64::MAX);
        let losers = self.session.all(&LOSERS, (id(group.run_id.0), id(child.0), chunk))?;
        losers.into_iter().try_for_each(|loser| self.with_belongings(loser))
    }
}
