//! Building runs: step by step and sealed, submitted as a whole, extended while running; their conditions; stopping and sweeping them.
//!
//! A graph does nothing before it is sealed: members' ends are counted, edges and groups stand still. Sealing, submitting and extending
//! share [`open`], which makes a staged graph act, and [`graph`], which turns names into rows. Repetitions are recognised before
//! anything is refused. Not here: what follows from the end of a member (`settle`), and cancelling (`cancel_run`).

mod add;
mod condition;
mod create;
mod cycle;
mod edge;
mod errors;
mod extend;
mod graph;
mod open;
mod pause;
mod policy;
mod request;
mod seal;
mod submit;
mod sweep;

use levada_base::Error;
use levada_store::RunId;
use levada_store::alphabets::{Outcome, RunPhase};
use levada_store::rows::Run;

pub use add::{AddExecution, Membership};
pub use condition::{DueConditions, ExpireCondition, ResolveCondition};
pub use create::CreateRun;
pub use edge::{AppliedEdge, ApplyEdge, StageEdge, StagedEdge};
pub use extend::{ExtendRun, Extended};
pub use pause::{PauseRun, ResumeRun};
pub use policy::{PolicySet, SetGroupPolicy};
pub use seal::{SealRun, Sealed};
pub use submit::SubmitRun;
pub use sweep::{RunsSwept, SweepRuns};

/// Where a run stands: the answer of what makes or seals one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunState {
    pub run: RunId,
    pub revision: i64,
    pub phase: RunPhase,
    pub outcome: Option<Outcome>,
}

impl From<&Run> for RunState {
    fn from(row: &Run) -> Self {
        Self { run: row.id, revision: row.revision, phase: row.phase, outcome: row.outcome }
    }
}

/// Whether a run can still be built.
fn is_building(run: &Run) -> Result<(), Error> {
    match run.phase {
        RunPhase::Building => Ok(()),
        RunPhase::Running => Err(errors::sealed(run.id)),
        RunPhase::Cancelling => Err(super::errors::run_cancelling(run.id)),
        RunPhase::Ended => Err(super::errors::run_ended(run)),
    }
}

/// Whether the caller knows the graph as it is.
fn is_revision(run: &Run, expected: i64) -> Result<(), Error> {
    if run.revision == expected { Ok(()) } else { Err(errors::other_revision(run.revision, expected)) }
}
