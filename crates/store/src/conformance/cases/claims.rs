//! What a claim can take, said by hand: order, limit, lanes, namespaces, capabilities, repetition, inputs.

use std::collections::{BTreeMap, BTreeSet};

use super::build::{claimed, plain_execution, route};
use crate::alphabets::{Hold, LaneState, Phase, Storage};
use crate::conformance::compare::equal;
use crate::conformance::stage::Stage;
use crate::conformance::{Dice, Factory, Suite, Verdict};
use crate::cut::SLICE_BYTES_MAX;
use crate::ids::{ExecutionId, Token};
use crate::rows::{Execution, Input, Lane};
use crate::scope::{ClaimScope, Scope};
use crate::state::State;
use crate::store::Store;

pub(super) fn add<F: Factory>(suite: &mut Suite<F>) {
    suite.add("claims/order", order);
    suite.add("claims/holds_and_phases", holds_and_phases);
    suite.add("claims/lanes", lanes);
    suite.add("claims/lanes_with_limits", lanes_with_limits);
    suite.add("claims/namespaces", namespaces);
    suite.add("claims/capabilities", capabilities);
    suite.add("claims/repeated", repeated);
    suite.add("claims/active_in_lanes", active_in_lanes);
    suite.add("claims/inputs", inputs);
    suite.add("claims/after_claims", after_claims);
}

/// Routes: number, namespace, lane, capabilities.
const ROUTES: &[(i64, &str, &str, &str)] = &[
    (1, "alpha", "open", ""),
    (2, "alpha", "draining", ""),
    (3, "alpha", "paused", ""),
    (4, "alpha", "disabled", ""),
    (5, "alpha", "without row", ""),
    (6, "Beta", "open", ""),
    (7, "alpha", "open", "gpu"),
    (8, "alpha", "open", "gpu,zone=eu"),
];

/// Executions by names, the routes and lanes.
struct Field {
    dice: Dice,
    now_ms: i64,
    names: BTreeMap<ExecutionId, &'static str>,
    state: State,
}

impl Field {
    fn new(now_ms: i64) -> Self {
        let mut state = State::default();
        for (id, namespace, lane, words) in ROUTES {
            state.put(route(*id, namespace, lane, words).into());
        }
        let lanes =
            [("open", LaneState::Open, None), ("draining", LaneState::Draining, Some(5)), ("paused", LaneState::Paused, None)];
        for (name, lane, max_active) in lanes.into_iter().chain([("disabled", LaneState::Disabled, Some(1))]) {
            state.put(Lane { name: name.to_owned(), state: lane, max_active, changed_ms: 0 }.into());
        }
        Self { dice: Dice::new(8), now_ms, names: BTreeMap::new(), state }
    }

    /// An execution that can be claimed, created after those before it.
    fn ready(&mut self, name: &'static str, route_id: i64) -> Execution {
        let seq = i64::try_from(self.names.len()).unwrap_or(0);
        let row = Execution { route_id, seq, ..plain_execution(&mut self.dice, self.now_ms) };
        self.names.insert(row.id, name);
        self.state.put(row.clone().into());
        row
    }

    fn put(&mut self, row: Execution) {
        self.state.put(row.into());
    }

    /// A claim on open and draining lanes that can do everything.
    fn claim(&mut self) -> ClaimScope {
        ClaimScope {
            lanes: ROUTES.iter().map(|route| route.2.to_owned()).collect::<BTreeSet<_>>().into_iter().collect(),
            namespaces: None,
            capabilities: vec!["gpu".to_owned(), "zone=eu".to_owned()],
            limit: 100,
            instance: "i-1".to_owned(),
            token: Token(self.dice.id()),
        }
    }

    fn candidates<'a>(&'a self, slice: &State) -> BTreeSet<&'a str> {
        slice.candidates.iter().map(|id| self.names.get(id).copied().unwrap_or("unknown")).collect()
    }

    async fn expect<S: Store>(&self, stage: &Stage<S>, claim: ClaimScope, names: &[&'static str]) -> Verdict {
        let slice = stage.slice(&Scope::Claim(claim.clone())).await?;
        equal(&format!("candidates of {claim:?}"), &names.iter().copied().collect(), &self.candidates(&slice))
    }
}

async fn order<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut field = Field::new(stage.now_ms());
    for (name, priority) in [("old low", 0), ("old high", 10), ("new low", 0), ("highest", 9_000), ("new high", 10)] {
        let row = field.ready(name, 1);
        field.put(Execution { priority, ..row });
    }
    stage.load(field.state.clone()).await?;
    let ranked = ["highest", "old high", "new high", "old low", "new low"];
    for limit in 0..=6 {
        let claim = ClaimScope { limit, ..field.claim() };
        let taken = ranked.len().min(limit as usize);
        field.expect(&stage, claim, &ranked[..taken]).await?;
    }
    Ok(())
}

async fn holds_and_phases<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut field = Field::new(stage.now_ms());
    field.ready("ready", 1);
    for hold in Hold::ALL.iter().filter(|hold| **hold != Hold::None) {
        let row = field.ready("held", 1);
        // Past: even what is due stays until somebody promotes it.
        let past = Some(field.now_ms - 1);
        field.put(Execution { hold: *hold, hold_ref: Some("x".to_owned()), due_ms: past, recheck_ms: past, ..row });
    }
    let row = field.ready("staged", 1);
    field.put(Execution { phase: Phase::Staged, ..row });
    let row = field.ready("active", 1);
    field.put(claimed(&row, "i-2", Token(3), field.now_ms - 1));
    stage.load(field.state.clone()).await?;
    let claim = field.claim();
    field.expect(&stage, claim, &["ready"]).await
}

async fn lanes<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut field = Field::new(stage.now_ms());
    for (name, route) in [("open", 1), ("draining", 2), ("paused", 3), ("disabled", 4), ("without row", 5)] {
        field.ready(name, route);
    }
    stage.load(field.state.clone()).await?;
    let claim = field.claim();
    field.expect(&stage, claim.clone(), &["open", "draining", "without row"]).await?;
    field.expect(&stage, ClaimScope { lanes: vec!["draining".to_owned()], ..claim.clone() }, &["draining"]).await?;
    field.expect(&stage, ClaimScope { lanes: vec!["paused".to_owned()], ..claim.clone() }, &[]).await?;
    field.expect(&stage, ClaimScope { lanes: Vec::new(), ..claim }, &[]).await
}

/// A lane with a limit may be full, which only the plan finds out: it brings candidates of its own and hides none of the others.
async fn lanes_with_limits<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut field = Field::new(stage.now_ms());
    for (name, route) in
        [("limited 1", 2), ("limited 2", 2), ("limited 3", 2), ("open", 1), ("without row", 5), ("limited 4", 2), ("late", 1)]
    {
        field.ready(name, route);
    }
    stage.load(field.state.clone()).await?;
    let claim = field.claim();
    let of = |limit| ClaimScope { limit, ..claim.clone() };
    field.expect(&stage, of(1), &["limited 1", "open"]).await?;
    field.expect(&stage, of(2), &["limited 1", "limited 2", "open", "without row"]).await?;
    field.expect(&stage, of(0), &[]).await
}

async fn namespaces<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut field = Field::new(stage.now_ms());
    field.ready("alpha", 1);
    field.ready("Beta", 6);
    stage.load(field.state.clone()).await?;
    let claim = field.claim();
    let of = |names: &[&str]| ClaimScope {
        namespaces: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        ..claim.clone()
    };
    field.expect(&stage, claim.clone(), &["alpha", "Beta"]).await?;
    field.expect(&stage, of(&["alpha"]), &["alpha"]).await?;
    field.expect(&stage, of(&["alpha", "Beta", "gamma"]), &["alpha", "Beta"]).await?;
    field.expect(&stage, of(&["beta"]), &[]).await?;
    field.expect(&stage, of(&[]), &[]).await
}

async fn capabilities<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut field = Field::new(stage.now_ms());
    for (name, route) in [("none", 1), ("gpu", 7), ("gpu and zone", 8)] {
        field.ready(name, route);
    }
    stage.load(field.state.clone()).await?;
    let claim = field.claim();
    let of =
        |words: &[&str]| ClaimScope { capabilities: words.iter().map(|word| (*word).to_owned()).collect(), ..claim.clone() };
    field.expect(&stage, of(&[]), &["none"]).await?;
    field.expect(&stage, of(&["gpu"]), &["none", "gpu"]).await?;
    field.expect(&stage, of(&["GPU", "gp", "gpu2"]), &["none"]).await?;
    field.expect(&stage, of(&["zone=eu"]), &["none"]).await?;
    field.expect(&stage, of(&["cpu", "gpu", "zone=eu"]), &["none", "gpu", "gpu and zone"]).await
}

/// The same token of the same instance brings what it holds, and nothing new.
async fn repeated<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut field = Field::new(stage.now_ms());
    let (token, other) = (Token(field.dice.id()), Token(field.dice.id()));
    field.ready("ready", 1);
    let mut held = BTreeSet::new();
    for (name, instance, token) in
        [("mine", "i-1", token), ("mine too", "i-1", token), ("theirs", "i-2", token), ("new", "i-1", other)]
    {
        let row = field.ready(name, 1);
        held.extend(Some(row.id).filter(|_| name.starts_with("mine")));
        field.put(claimed(&row, instance, token, field.now_ms + 30_000));
    }
    stage.load(field.state.clone()).await?;
    let claim = ClaimScope { token, limit: 1, ..field.claim() };
    let slice = stage.slice(&Scope::Claim(claim.clone())).await?;
    equal("candidates of a repetition", &BTreeSet::new(), &slice.candidates)?;
    equal("executions of a repetition", &held, &slice.executions.keys().copied().collect())?;
    // Of another instance, or when nothing is held any more, it is a claim like any other.
    field.expect(&stage, ClaimScope { instance: "i-3".to_owned(), ..claim.clone() }, &["ready"]).await?;
    field.expect(&stage, ClaimScope { token: Token(1), ..claim }, &["ready"]).await
}

async fn active_in_lanes<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut field = Field::new(stage.now_ms());
    for route in [1, 2, 2, 4] {
        let row = field.ready("active", route);
        let token = Token(field.dice.id());
        field.put(claimed(&row, "i-9", token, field.now_ms));
    }
    let row = field.ready("ready", 2);
    stage.load(field.state.clone()).await?;
    let claim = field.claim();
    let slice = stage.slice(&Scope::Claim(claim)).await?;
    // Of lanes with a limit only; the ready one does not count.
    let counts = [("disabled".to_owned(), 1), ("draining".to_owned(), 2)];
    equal("active in lanes", &counts.into(), &slice.active_in_lane)?;
    equal("the ready one is a candidate", &true, &slice.candidates.contains(&row.id))
}

/// Inputs come along up to a length; of longer ones all but the bytes.
async fn inputs<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut field = Field::new(stage.now_ms());
    let mut lengths = BTreeMap::new();
    for (name, length, comes) in
        [("short", 3, true), ("just fits", SLICE_BYTES_MAX, true), ("too long", SLICE_BYTES_MAX + 1, false)]
    {
        let row = field.ready(name, 1);
        let bytes = (0..length).map(|at| at.to_be_bytes()[7]).collect();
        field.state.put(Input { execution_id: row.id, storage: Storage::Inline, length, bytes }.into());
        lengths.insert(row.id, (length, if comes { length } else { 0 }));
    }
    stage.load(field.state.clone()).await?;
    let claim = field.claim();
    let slice = stage.slice(&Scope::Claim(claim)).await?;
    let found = slice.inputs.values().map(|row| (row.execution_id, (row.length, i64::try_from(row.bytes.len()).unwrap_or(0))));
    equal("lengths of inputs", &lengths, &found.collect())
}

/// What was claimed is not offered again, and the next in order are.
async fn after_claims<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut field = Field::new(stage.now_ms());
    for name in ["first", "second", "third"] {
        field.ready(name, 1);
    }
    stage.load(field.state.clone()).await?;
    for name in ["first", "second", "third"] {
        let claim = ClaimScope { limit: 1, ..field.claim() };
        field.expect(&stage, claim.clone(), &[name]).await?;
        let plan = move |state: &State| {
            let offered = state.candidates.iter().filter_map(|id| state.executions.get(id));
            let rows = offered.map(|row| claimed(row, "i-1", claim.token, state.now_ms + 1));
            Ok((rows.map(|row| crate::Command::Put(row.into())).collect(), ()))
        };
        stage
            .transact(Scope::Claim(ClaimScope { limit: 1, ..field.claim() }), plan)
            .await
            .map_err(super::super::stage::said)?;
    }
    let claim = field.claim();
    field.expect(&stage, claim, &[]).await
}
