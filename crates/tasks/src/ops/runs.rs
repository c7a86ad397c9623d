//! Building, submitting and stopping runs.

use levada_base::Error;
use levada_store::{ExecutionId, RunId, Store};

use super::Tasks;
use crate::rules::{
    self, AddExecution, Applied, AppliedEdge, ApplyEdge, CreateRun, Created, ExtendRun, Extended, Membership, PauseRun,
    PolicySet, ResolveCondition, ResumeRun, RunState, SealRun, Sealed, SetGroupPolicy, StageEdge, StagedEdge, SubmitRun,
};
use crate::spec::{Fragment, GraphNode, GroupPolicy, Handle, NewEdge, NewRun, Resolution, RunGraph, Upstream};

impl<S: Store> Tasks<S> {
    /// Begins to build a run step by step.
    ///
    /// # Errors
    /// `LV-T001`, `LV-T003`, `LV-T004`.
    pub async fn create_run(&self, new: NewRun) -> Result<Created<RunState>, Error> {
        let id = new.id.unwrap_or_else(|| self.run_id());
        self.engine.act("create_run", CreateRun { id, new }).await
    }

    /// Makes an execution a member of a run that is being built.
    ///
    /// # Errors
    /// `LV-T002`, `LV-T202`, `LV-T203`, `LV-T211`, `LV-T213`, `LV-T214`, `LV-T217`.
    pub async fn add_execution_to_run(&self, run: RunId, execution: ExecutionId) -> Result<Membership, Error> {
        self.engine.act("add_execution_to_run", AddExecution { run, execution }).await
    }

    /// Stages an edge between two members, or from a condition, if the graph's revision is the expected one.
    ///
    /// # Errors
    /// `LV-T001`, `LV-T002`, `LV-T202` … `LV-T208`, `LV-T212`, `LV-T213`, `LV-T217`, `LV-T219`.
    pub async fn stage_dependency_edge(&self, run: RunId, expected: i64, edge: NewEdge) -> Result<StagedEdge, Error> {
        self.engine.act("stage_dependency_edge", StageEdge { run, expected, edge }).await
    }

    /// Counts a staged edge in its child's group.
    ///
    /// # Errors
    /// `LV-T002`, `LV-T202`, `LV-T203`, `LV-T217`.
    pub async fn apply_dependency_to_child(
        &self,
        run: RunId,
        upstream: Upstream,
        child: ExecutionId,
    ) -> Result<AppliedEdge, Error> {
        self.engine.act("apply_dependency_to_child", ApplyEdge { run, upstream, child }).await
    }

    /// Chooses how many edges a child needs, before the first of them is applied.
    ///
    /// # Errors
    /// `LV-T002`, `LV-T202`, `LV-T203`, `LV-T208` … `LV-T210`, `LV-T217`.
    pub async fn set_edge_group_policy(&self, run: RunId, child: ExecutionId, policy: GroupPolicy) -> Result<PolicySet, Error> {
        self.engine.act("set_edge_group_policy", SetGroupPolicy { run, child, policy }).await
    }

    /// Fixes the graph of a run and lets it start. `epoch` is where its statements read, unless its options say so.
    ///
    /// # Errors
    /// `LV-T002`, `LV-T203`, `LV-T204`, `LV-T206`, `LV-T209`, `LV-T217`, `LV-T219`.
    pub async fn seal_run(&self, run: RunId, expected: i64, epoch: Option<i64>) -> Result<Sealed, Error> {
        self.engine.act("seal_run", SealRun { run, expected, epoch }).await
    }

    /// Begins a whole run in one transaction, or leaves nothing behind.
    ///
    /// # Errors
    /// `LV-T001`, `LV-T003` … `LV-T005`, `LV-T108`, `LV-T205` … `LV-T209`, `LV-T213`, `LV-T214`, `LV-T219`.
    pub async fn submit_run(&self, graph: RunGraph) -> Result<Created<RunState>, Error> {
        let run = graph.id.unwrap_or_else(|| self.run_id());
        let ids = self.ids_for(&graph.nodes);
        self.engine.act("submit_run", SubmitRun { run, ids, graph, epoch: None }).await
    }

    /// Adds executions, and edges into them, to a run that is running. With a handle: only while that lease lives.
    ///
    /// # Errors
    /// `LV-T001` … `LV-T004`, `LV-T101` … `LV-T104`, `LV-T110`, `LV-T203` … `LV-T209`, `LV-T212` … `LV-T214`, `LV-T217`, `LV-T219`.
    pub async fn extend_run(
        &self,
        run: RunId,
        expected: i64,
        fragment: Fragment,
        handle: Option<Handle>,
    ) -> Result<Extended, Error> {
        handle.iter().try_for_each(|handle| self.own(handle))?;
        let ids = self.ids_for(&fragment.nodes);
        self.engine.act("extend_run", ExtendRun { run, expected, ids, fragment, fence: handle }).await
    }

    /// Says how an outside fact came out that edges of a run wait for.
    ///
    /// # Errors
    /// `LV-T002`, `LV-T203`, `LV-T215`, `LV-T216`.
    pub async fn resolve_condition(&self, run: RunId, key: &str, resolution: Resolution) -> Result<Applied, Error> {
        self.engine.act("resolve_condition", ResolveCondition { run, key: key.to_owned(), resolution }).await
    }

    /// Has nothing of a run start until it is resumed; what is active goes on.
    ///
    /// # Errors
    /// `LV-T002`, `LV-T203`, `LV-T217`.
    pub async fn pause_run(&self, run: RunId, actor: &str) -> Result<Applied, Error> {
        self.engine.act("pause_run", PauseRun { run, actor: actor.to_owned() }).await
    }

    /// Lets a paused run go on.
    ///
    /// # Errors
    /// `LV-T002`, `LV-T203`, `LV-T217`.
    pub async fn resume_run(&self, run: RunId, actor: &str) -> Result<Applied, Error> {
        self.engine.act("resume_run", ResumeRun { run, actor: actor.to_owned() }).await
    }

    fn run_id(&self) -> RunId {
        let (now_ms, random) = self.engine.fresh();
        RunId::new(now_ms, random)
    }

    /// An id for every node, and the routes of all of them remembered.
    fn ids_for(&self, nodes: &[GraphNode]) -> Vec<ExecutionId> {
        let ids = nodes.iter().map(|node| {
            self.engine.desk.learn(|| rules::route(&node.execution));
            let (now_ms, random) = self.engine.fresh();
            node.execution.id.unwrap_or_else(|| ExecutionId::new(now_ms, random))
        });
        ids.collect()
    }
}
