//! A plan sees exactly the rows of its scope, and so does a reader: for every variant, on random states, and beyond the chunks.

use super::SEEDS;
use super::build::{plain_execution, plain_run};
use crate::alphabets::{CancelState, GroupState, Outcome, Phase};
use crate::conformance::random::{self, any};
use crate::conformance::scopes::{VARIANTS, scopes};
use crate::conformance::stage::Stage;
use crate::conformance::{Dice, Factory, Suite, Verdict, mutated};
use crate::ids::ExecutionId;
use crate::limits::{DISPATCH_CHUNK_MAX, SETTLE_MARKS_MAX};
use crate::rows::{Edge, Group, Mark};
use crate::scope::Scope;
use crate::state::State;
use crate::store::Store;

pub(super) fn add<F: Factory>(suite: &mut Suite<F>) {
    for variant in VARIANTS {
        for seed in SEEDS {
            suite.add(format!("slices/{variant}/{seed}"), move |stage| as_cut(stage, variant, seed));
        }
        suite.add(format!("slices/{variant}/empty"), move |stage| of_an_empty_store(stage, variant));
        suite.add(format!("slices/{variant}/changed"), move |stage| after_changes(stage, variant));
    }
    suite.add("slices/marks/chunk", marks_beyond_a_chunk);
    suite.add("slices/group/chunk", siblings_beyond_a_chunk);
}

async fn as_cut<S: Store>(mut stage: Stage<S>, variant: &str, seed: u64) -> Verdict {
    stage.load(random::state(seed, stage.now_ms())).await?;
    let scopes = scopes(variant, &stage.model, &mut Dice::new(seed));
    stage.slices_as_cut(&scopes).await
}

async fn of_an_empty_store<S: Store>(stage: Stage<S>, variant: &str) -> Verdict {
    let elsewhere = random::state(1, stage.now_ms());
    stage.slices_as_cut(&scopes(variant, &elsewhere, &mut Dice::new(1))).await
}

/// What a store keeps beside its rows, be it an index or a copy, follows their changes.
async fn after_changes<S: Store>(mut stage: Stage<S>, variant: &str) -> Verdict {
    stage.load(random::state(9, stage.now_ms())).await?;
    let asked = scopes(variant, &stage.model, &mut Dice::new(9));
    stage.slices_as_cut(&asked[..asked.len().min(3)]).await?;
    let commands = stage.model.commands_to(&mutated(&stage.model, 10));
    let scope = super::build::scope_of(&stage.model, &commands);
    stage.commit(scope, commands).await?;
    let asked = scopes(variant, &stage.model, &mut Dice::new(11));
    stage.slices_as_cut(&asked).await
}

async fn marks_beyond_a_chunk<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut dice = Dice::new(3);
    let mut state = State::default();
    let run = plain_run(&mut dice, stage.now_ms());
    for number in 0..SETTLE_MARKS_MAX + 3 {
        let mut row = plain_execution(&mut dice, stage.now_ms());
        row.run_id = Some(run.id);
        row.seq = i64::try_from(number).unwrap_or(0);
        (row.phase, row.outcome, row.cause) = (Phase::Ended, Some(Outcome::Succeeded), Some(crate::alphabets::Cause::Worker));
        row.ended_ms = Some(row.created_ms);
        // In the order of their numbers, whatever their time and id.
        let made_ms = stage.now_ms() - dice.below(50);
        let seq = row.seq;
        state.put(Mark { execution_id: row.id, run_id: run.id, generation: 0, made_ms, seq }.into());
        state.put(row.into());
    }
    let scope = Scope::Marks(run.id);
    state.put(crate::rows::Run { members: i32::MAX, ..run }.into());
    stage.load(state).await?;
    stage.slices_as_cut(&[scope]).await
}

async fn siblings_beyond_a_chunk<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut dice = Dice::new(4);
    let mut state = State::default();
    let run = plain_run(&mut dice, stage.now_ms());
    let child = ExecutionId(dice.id());
    for number in 0..DISPATCH_CHUNK_MAX + 3 {
        let mut row = plain_execution(&mut dice, stage.now_ms());
        (row.run_id, row.seq) = (Some(run.id), i64::try_from(number).unwrap_or(0));
        let mut edge: Edge = any(&mut dice, stage.now_ms());
        (edge.run_id, edge.child, edge.upstream) = (run.id, child, row.id);
        state.put(edge.into());
        state.put(row.into());
    }
    let mut group: Group = any(&mut dice, stage.now_ms());
    (group.child, group.run_id) = (child, run.id);
    (group.state, group.cancel_state) = (GroupState::Satisfied, CancelState::Pending);
    state.put(group.into());
    state.put(run.into());
    stage.load(state).await?;
    stage.slices_as_cut(&[Scope::Group(child)]).await
}
