//! A small run for the tests of building, brought into any phase.

use levada_store::alphabets::{CancelPolicy, Outcome, RunPhase};
use levada_store::{ExecutionId, RunId};
use levada_tasks::rules::{AddExecution, CancelRun, CreateExecution, CreateRun, SealRun, Sealed, StageEdge};
use levada_tasks::spec::{NewEdge, NewExecution, NewRun};

use crate::world::World;

/// A run that is being built with two staged members and an edge between them.
pub struct Built {
    pub world: World,
    pub run: RunId,
    pub up: ExecutionId,
    pub down: ExecutionId,
}

impl Built {
    pub fn new() -> Self {
        let mut world = World::new();
        let run = world.run_id();
        world.must(&CreateRun { id: run, new: NewRun::default() });
        let mut built = Self { world, run, up: ExecutionId(0), down: ExecutionId(0) };
        built.up = built.add("up");
        built.down = built.add("down");
        let edge = built.edge();
        built.world.must(&StageEdge { run, expected: 2, edge });
        built
    }

    pub fn create(&mut self, name: &str) -> ExecutionId {
        let id = self.world.execution_id();
        self.world
            .must(&CreateExecution { id, new: NewExecution { staged: true, ..NewExecution::of_kind("test").named(name) } });
        id
    }

    pub fn add(&mut self, name: &str) -> ExecutionId {
        let execution = self.create(name);
        self.world.must(&AddExecution { run: self.run, execution });
        execution
    }

    pub fn edge(&self) -> NewEdge {
        NewEdge::success(self.up, self.down)
    }

    pub fn revision(&self) -> i64 {
        self.world.run(self.run).revision
    }

    pub fn seal(&mut self) {
        let event = SealRun { run: self.run, expected: self.revision(), epoch: None };
        assert!(matches!(self.world.must(&event), Sealed::Sealed(_)));
    }

    /// Brings the run into a phase.
    pub fn bring(mut self, phase: RunPhase) -> Self {
        match phase {
            RunPhase::Building => {}
            RunPhase::Running => self.seal(),
            RunPhase::Cancelling => {
                self.seal();
                self.world.claim(1);
                self.world.must(&cancel(self.run, CancelPolicy::CancelPending));
            }
            RunPhase::Ended => {
                self.seal();
                self.world.work(|_| Outcome::Succeeded);
            }
        }
        assert_eq!(self.world.run(self.run).phase, phase);
        self
    }
}

pub fn cancel(run: RunId, policy: CancelPolicy) -> CancelRun {
    let (reason, actor) = ("changed my mind".to_owned(), "ann".to_owned());
    CancelRun { run, policy, reason, actor, include_finalizers: false, grace_ms: 1_000 }
}

/// What a step that would change the graph is refused with, by phase.
pub const CLOSED: [(RunPhase, &str); 3] =
    [(RunPhase::Running, "LV-T202"), (RunPhase::Cancelling, "LV-T217"), (RunPhase::Ended, "LV-T203")];
