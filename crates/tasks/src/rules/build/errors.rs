//! The errors of building, each said once.

use std::fmt::Display;

use levada_base::{Error, codes};
use levada_store::rows::{Edge, Execution};
use levada_store::{ExecutionId, RunId};

/// `LV-T202`: the graph is fixed.
pub(super) fn sealed(run: RunId) -> Error {
    Error::new(codes::LV_T202, format!("run \"{run}\" is sealed")).with_hint("use extend_run to add executions to it")
}

/// `LV-T204`: somebody else changed the graph.
pub(super) fn other_revision(current: i64, given: i64) -> Error {
    Error::new(codes::LV_T204, format!("graph revision is {current}, expected {given}"))
        .with_hint("describe the run, then build the call again")
        .with_detail("revision", current)
}

/// `LV-T105`: not before it is sealed.
pub(super) fn not_sealed(verb: &str, run: RunId) -> Error {
    Error::new(codes::LV_T105, format!("{verb} is not possible while run \"{run}\" is building"))
        .with_hint("add to it and stage edges, then seal it")
}

/// `LV-T205`: an edge from an execution to itself.
pub(super) fn own_upstream(name: impl Display) -> Error {
    Error::new(codes::LV_T205, format!("execution \"{name}\" cannot depend on itself")).with_hint("remove the edge")
}

/// Names and ids of one cycle that are said; longer ones are cut.
const CYCLE_NAMES_MAX: usize = 16;
const CYCLE_IDS_MAX: usize = 1_000;

/// `LV-T206`: `cycle` names the executions in the order of the edges; the edge from the last to the first closes it.
pub(super) fn cycle(cycle: &[(ExecutionId, String)]) -> Error {
    let name = |at: Option<&(ExecutionId, String)>| at.map_or("", |(_, name)| name.as_str()).to_owned();
    let (first, last) = (name(cycle.first()), name(cycle.last()));
    let mut names: Vec<&str> = cycle.iter().take(CYCLE_NAMES_MAX).map(|(_, name)| name.as_str()).collect();
    if cycle.len() > CYCLE_NAMES_MAX {
        names.push("…");
    }
    names.push(&first);
    let ids: Vec<_> = cycle.iter().take(CYCLE_IDS_MAX).map(|(id, _)| id.to_string()).collect();
    Error::new(codes::LV_T206, format!("edge \"{last}\" → \"{first}\" closes the cycle {}", names.join(" → ")))
        .with_hint("remove one of its edges")
        .with_detail("length", cycle.len())
        .with_detail("executions", ids.join(","))
}

/// `LV-T207`: the pair has an edge already.
pub(super) fn edge_exists(edge: &Edge, difference: &str) -> Error {
    // Plain data under text keys: this cannot fail.
    let snapshot = serde_json::to_string(edge).unwrap_or_default();
    Error::new(codes::LV_T207, format!("edge \"{}\" → \"{}\" exists with {difference}", upstream_of(edge), edge.child))
        .with_hint("there is one edge between two executions: look at it, and choose another condition")
        .with_detail("snapshot", snapshot)
}

fn upstream_of(edge: &Edge) -> String {
    edge.condition_key.clone().unwrap_or_else(|| edge.upstream.to_string())
}

/// `LV-T208`: it does not belong to the run.
pub(super) fn no_member(name: impl Display, run: RunId) -> Error {
    Error::new(codes::LV_T208, format!("execution \"{name}\" is not a member of run \"{run}\"")).with_hint("add it first")
}

/// `LV-T209`: more edges are needed than there are, or none.
pub(super) fn unreachable_group(child: impl Display, k: i32, n: i32) -> Error {
    Error::new(codes::LV_T209, format!("group of \"{child}\": {k} of {n} can never be reached"))
        .with_hint("lower k, or add edges")
        .with_detail("k", k)
        .with_detail("n", n)
}

/// `LV-T210`: the policy is no longer free.
pub(super) fn policy_fixed(child: impl Display) -> Error {
    Error::new(codes::LV_T210, format!("policy of \"{child}\" is fixed by its first edge"))
        .with_hint("set it before the first edge is applied")
}

/// `LV-T211`: it belongs to another run.
pub(super) fn other_run(row: &Execution, other: RunId) -> Error {
    Error::new(codes::LV_T211, format!("execution \"{}\" is a member of run \"{other}\"", row.id))
        .with_hint("wait for it by a condition on \"execution:<id>\" instead")
        .with_detail("run", other)
}

/// `LV-T212`: it has begun, so that nothing can be put before it.
pub(super) fn started(name: impl Display) -> Error {
    Error::new(codes::LV_T212, format!("execution \"{name}\" has started; it takes no new edge"))
        .with_hint("add a new execution")
}

/// `LV-T213`: the run is too large.
pub(super) fn too_large(n: usize, things: &str, limit: &str, max: usize) -> Error {
    Error::new(codes::LV_T213, format!("run has {n} {things}, limit {limit} is {max}"))
        .with_hint("split it into several runs")
        .with_detail("limit", limit)
}

/// `LV-T214`: a name stands for two members.
pub(super) fn name_twice(name: &str, run: RunId) -> Error {
    Error::new(codes::LV_T214, format!("name \"{name}\" is used twice in run \"{run}\"")).with_hint("give it another name")
}

/// `LV-T215`: nothing waits for it.
pub(super) fn no_condition(run: RunId, key: &str) -> Error {
    Error::new(codes::LV_T215, format!("run \"{run}\" waits for no condition \"{key}\""))
        .with_hint("explain of the run lists the conditions that it waits for")
}

/// `LV-T216`: it came out otherwise.
pub(super) fn resolved_otherwise(key: &str, was: &str, given: &str) -> Error {
    Error::new(codes::LV_T216, format!("condition \"{key}\" was resolved {was}, not {given}"))
        .with_hint("a condition is resolved once")
}

/// `LV-T219`: two edges bring the same input.
pub(super) fn input_twice(input: &str, child: impl Display) -> Error {
    Error::new(codes::LV_T219, format!("input name \"{input}\" is used twice on \"{child}\""))
        .with_hint("give one of the edges another input name")
}
