//! Every restart of a random run: from each of its members, alone and with what follows from it.

use std::collections::BTreeSet;

use levada_store::{ExecutionId, RunId, State};
use levada_tasks::spec::RestartOptions;

use super::act::Act;
use super::case::Case;
use super::play::{Play, Wrong};

/// The run of a case that is restarted.
const RUN: RunId = RunId(1);
/// Steps before it comes to its end.
const STEPS: usize = 25;

/// Plays the run of a seed to its end, then each restart of it to its end. Returns how many restarts there were.
///
/// # Errors
/// In what engine and interpreter differ, or what a restart changed of what it was to keep.
pub fn restart_from_each(seed: u64) -> Result<u64, Wrong> {
    let case = Case::random(seed, STEPS);
    let mut ended = Play::new(case.seed, case.inline_run_max, case.graphs.clone(), None);
    case.steps.iter().try_for_each(|step| ended.step(step))?;
    ended.drain()?;
    let mut restarts = 0;
    for from in members(ended.rows()) {
        for cascade in [false, true] {
            let mut again = ended.clone();
            again.act(Act::Restart(RUN, from, RestartOptions { cascade, force: false, generation: None }))?;
            kept(ended.rows(), again.rows())?;
            again.drain()?;
            restarts += 1;
        }
    }
    Ok(restarts)
}

fn members(rows: &State) -> Vec<ExecutionId> {
    rows.executions.values().filter(|row| row.run_id == Some(RUN)).map(|row| row.id).collect()
}

/// Whoever did not begin again has the same row, results and inputs; nobody lost a result.
fn kept(before: &State, after: &State) -> Result<(), Wrong> {
    for (key, result) in &before.results {
        if after.results.get(key) != Some(result) {
            return Err(format!("the result {key:?} is not what it was"));
        }
    }
    let again =
        |id: &&ExecutionId| after.executions.get(id).is_none_or(|row| before.executions[id].generation < row.generation);
    let again: BTreeSet<_> = before.executions.keys().filter(again).copied().collect();
    let same_rows =
        before.executions.iter().filter(|(id, _)| !again.contains(id)).all(|(id, row)| after.executions.get(id) == Some(row));
    let same_pins =
        before.pins.iter().filter(|(key, _)| !again.contains(&key.0)).all(|(key, pin)| after.pins.get(key) == Some(pin));
    if same_rows && same_pins { Ok(()) } else { Err("who was kept is not what it was".to_owned()) }
}
