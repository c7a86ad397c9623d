//! Scopes of every variant that are worth asking of a random state, with known and unknown ids.

use super::Dice;
use super::random::{CAPABILITIES, INSTANCES, LANES, NAMESPACES};
use crate::ids::{ExecutionId, RunId, ScheduleId, Token};
use crate::scope::{BuildingScope, ClaimScope, DueKind, Scope, Wanted};
use crate::state::State;

/// The variants, by the names of their cases.
pub(super) const VARIANTS: &[&str] = &[
    "nothing",
    "executions",
    "handles",
    "leases",
    "run",
    "whole_run",
    "open_members",
    "building",
    "marks",
    "group",
    "due",
    "key",
    "claim",
    "lanes",
    "condition",
    "schedule",
    "worker",
    "engine_nodes",
    "tags",
    "all",
];

/// Scopes of a variant on a state.
pub(super) fn scopes(variant: &str, state: &State, dice: &mut Dice) -> Vec<Scope> {
    let executions = ids(state.executions.keys().copied(), ExecutionId(dice.id()));
    let runs = ids(state.runs.keys().copied(), RunId(dice.id()));
    match variant {
        "nothing" => vec![Scope::All(Vec::new()), Scope::Executions(Vec::new()), Scope::Lanes(Vec::new())],
        "executions" => {
            let some = (0..6).map(|_| Scope::Executions((0..1 + dice.index(6)).map(|_| *dice.pick(&executions)).collect()));
            let some: Vec<_> = some.collect();
            executions.iter().step_by(3).map(|id| Scope::Executions(vec![*id])).chain(some).collect()
        }
        "handles" => (0..20).map(|_| Scope::Handles(fenced(&executions, dice))).collect(),
        "leases" => (0..20).map(|_| Scope::Leases(fenced(&executions, dice))).collect(),
        "run" => runs.into_iter().map(Scope::Run).collect(),
        "whole_run" => runs.into_iter().map(Scope::WholeRun).collect(),
        "open_members" => runs.iter().flat_map(|run| open_members(*run, dice)).collect(),
        "building" => runs.iter().map(|run| building(*run, state, dice)).collect(),
        "marks" => runs.into_iter().map(Scope::Marks).collect(),
        "group" => ids(state.groups.keys().copied(), ExecutionId(dice.id())).into_iter().map(Scope::Group).collect(),
        "due" => {
            DueKind::ALL.iter().flat_map(|kind| wanted(state, *kind, dice).map(|wanted| Scope::Due(*kind, wanted))).collect()
        }
        "key" => {
            let unknown = Scope::Key("alpha".to_owned(), "never used".to_owned());
            let there = state.request_keys.keys().map(|(namespace, key)| Scope::Key(namespace.clone(), key.clone()));
            there.chain([unknown]).collect()
        }
        "claim" => (0..24).map(|_| Scope::Claim(claim(state, dice))).collect(),
        "lanes" => (0..6).map(|_| Scope::Lanes(words(LANES, dice))).collect(),
        "condition" => runs.iter().flat_map(|run| conditions(*run)).collect(),
        "schedule" => ids(state.schedules.keys().copied(), ScheduleId(dice.id())).into_iter().map(Scope::Schedule).collect(),
        "worker" => state.workers.keys().cloned().chain(["nobody".to_owned()]).map(Scope::Worker).collect(),
        "engine_nodes" => vec![Scope::EngineNodes],
        "tags" => executions.iter().copied().chain(runs.iter().map(|run| ExecutionId(run.0))).map(Scope::Tags).collect(),
        _ => (0..10).map(|_| together(state, dice)).collect(),
    }
}

/// Few of all, some of a namespace, and what is left without the first ones.
pub(super) fn wanted(state: &State, kind: DueKind, dice: &mut Dice) -> [Wanted; 5] {
    let first: Vec<_> = crate::dues::first(state, kind, &4.into()).into_iter().map(|(_, id)| ExecutionId(id)).collect();
    let of = |limit, names: &[&str], except: &[ExecutionId]| {
        let namespaces = (!names.is_empty()).then(|| names.iter().map(|name| (*name).to_owned()).collect());
        Wanted { limit, namespaces, except: except.to_vec() }
    };
    let name = *dice.pick(NAMESPACES);
    [
        of(1, &[], &[]),
        of(3, &[], &[]),
        of(3, &[name, "unknown"], &[]),
        of(3, &[], &first),
        of(100, &[name], first.get(..1).unwrap_or_default()),
    ]
}

/// Executions with fences through which an attempt of theirs may have been closed.
fn fenced(executions: &[ExecutionId], dice: &mut Dice) -> Vec<(ExecutionId, i64)> {
    (0..1 + dice.index(4)).map(|_| (*dice.pick(executions), dice.below(5))).collect()
}

/// What is there, and an id that is not.
fn ids<Id>(there: impl Iterator<Item = Id>, unknown: Id) -> Vec<Id> {
    there.chain([unknown]).collect()
}

fn open_members(run: RunId, dice: &mut Dice) -> [Scope; 4] {
    [0, 1, 3, 100].map(|limit| Scope::OpenMembers { run, active: dice.chance(50), finalizers: dice.chance(50), limit })
}

fn building(run: RunId, state: &State, dice: &mut Dice) -> Scope {
    let mut members: Vec<_> = state.executions.values().filter(|row| row.run_id == Some(run)).map(|row| row.id).collect();
    dice.shuffle(&mut members);
    let reach = dice.maybe(80, |dice| ExecutionId(dice.id())).and_then(|unknown| members.last().copied().or(Some(unknown)));
    members.truncate(dice.index(4));
    let names = state.executions.values().filter(|row| dice.chance(20) && !row.name.is_empty()).map(|row| row.name.clone());
    let names = names.take(3).collect();
    let conditions = state.conditions.keys().filter(|key| key.0 == run && dice.chance(50)).map(|key| key.1.clone()).collect();
    Scope::Building(BuildingScope { run, executions: members, names, conditions, reach })
}

fn conditions(run: RunId) -> [Scope; 3] {
    ["orders/é", "watermark:Z", "unknown"].map(|key| Scope::Condition(run, key.to_owned()))
}

fn claim(state: &State, dice: &mut Dice) -> ClaimScope {
    let held: Vec<_> = state.executions.values().filter_map(|row| row.claim_token).collect();
    let fresh = Token(dice.id());
    let offered = ["", "gpu", "gpu,linux", "linux", "linux,zone=eu"];
    let capabilities = dice.pick(&offered).split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    ClaimScope {
        lanes: words(LANES, dice),
        namespaces: dice.maybe(50, |dice| words(NAMESPACES, dice)),
        capabilities: if dice.chance(40) { offer_all() } else { capabilities },
        limit: *dice.pick(&[0, 1, 2, 5, 100]),
        instance: (*dice.pick(INSTANCES)).to_owned(),
        token: if dice.chance(25) { held.first().copied().unwrap_or(fresh) } else { fresh },
    }
}

/// Everything that a random route may require, sorted.
pub(super) fn offer_all() -> Vec<String> {
    let words = CAPABILITIES.iter().flat_map(|list| list.split(',')).filter(|word| !word.is_empty());
    let words: std::collections::BTreeSet<_> = words.map(str::to_owned).collect();
    words.into_iter().collect()
}

fn words(from: &[&str], dice: &mut Dice) -> Vec<String> {
    from.iter().filter(|_| dice.chance(60)).map(|word| (*word).to_owned()).collect()
}

/// Several mergeable scopes at once, as a batch asks for them.
fn together(state: &State, dice: &mut Dice) -> Scope {
    let mergeable = ["executions", "handles", "leases", "key", "claim", "lanes", "tags"];
    let parts = (0..2 + dice.index(5)).map(|_| {
        let variant = *dice.pick(&mergeable);
        let some = scopes(variant, state, dice);
        dice.pick(&some).clone()
    });
    Scope::All(parts.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::random;

    /// A new variant does not compile here until it has a name and, by the test, scopes.
    fn variant(scope: &Scope) -> &'static str {
        match scope {
            Scope::All(_) => "all",
            Scope::Executions(_) => "executions",
            Scope::Handles(_) => "handles",
            Scope::Leases(_) => "leases",
            Scope::Run(_) => "run",
            Scope::WholeRun(_) => "whole_run",
            Scope::OpenMembers { .. } => "open_members",
            Scope::Building { .. } => "building",
            Scope::Marks(_) => "marks",
            Scope::Group(_) => "group",
            Scope::Due(..) => "due",
            Scope::Key(..) => "key",
            Scope::Claim(_) => "claim",
            Scope::Lanes(_) => "lanes",
            Scope::Condition(..) => "condition",
            Scope::Schedule(_) => "schedule",
            Scope::Worker(_) => "worker",
            Scope::EngineNodes => "engine_nodes",
            Scope::Tags(_) => "tags",
        }
    }

    #[test]
    fn every_variant_is_asked_for_by_its_name() {
        let state = random::state(1, 1_000_000_000);
        for name in VARIANTS.iter().filter(|name| **name != "nothing") {
            let asked = scopes(name, &state, &mut Dice::new(1));
            assert!(!asked.is_empty() && asked.iter().all(|scope| variant(scope) == *name), "{name}: {asked:?}");
        }
    }
}
