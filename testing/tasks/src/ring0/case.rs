//! Cases: a random history from a seed, played, shrunk when it fails, and kept as a file.

use std::panic::{AssertUnwindSafe, catch_unwind};

use levada_tasks::ring0::Ring0;
use levada_tasks::rules::Event;
use levada_tasks::spec::RunGraph;
use serde::{Deserialize, Serialize};

use super::dice::Dice;
use super::graphs;
use super::play::{Play, Wrong};
use super::step::{Step, Verb};
use crate::planted::Bug;

/// A history with everything it needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    pub seed: u64,
    pub inline_run_max: i32,
    pub graphs: Vec<RunGraph>,
    pub steps: Vec<Step>,
}

impl Case {
    /// The case of a seed, with about so many steps.
    #[must_use]
    pub fn random(seed: u64, steps: usize) -> Self {
        let mut dice = Dice::new(seed);
        let now_ms = Ring0::new(seed).now_ms();
        let inline_run_max = dice.pick(&[0, 3, 64]);
        let nodes_max = dice.pick(&[3, 5, 5, 8, 8, 30]);
        let runs = if dice.one_in(4) { 2 } else { 1 };
        let graphs = (0..runs).map(|_| graphs::random(&mut dice, now_ms, nodes_max)).collect();
        let first = Step { verb: Verb::Submit, a: 0, b: 0 };
        let steps = std::iter::once(first).chain((1..steps).map(|_| Step::random(&mut dice))).collect();
        Self { seed, inline_run_max, graphs, steps }
    }

    /// Plays it to its end.
    ///
    /// # Errors
    /// What was wrong; a panic is wrong too.
    pub fn play(&self, bug: Option<Bug>, loud: bool) -> Result<(), Wrong> {
        let played = catch_unwind(AssertUnwindSafe(|| {
            let mut play = Play::new(self.seed, self.inline_run_max, self.graphs.clone(), bug);
            play.loud = loud;
            for (at, step) in self.steps.iter().enumerate() {
                play.step(step).map_err(|wrong| format!("step {at} {wrong}"))?;
            }
            play.drain().map_err(|wrong| format!("draining {wrong}"))
        }));
        played.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().cloned();
            Err(format!(
                "panic: {}",
                text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
            ))
        })
    }

    /// The events it comes to on the rules alone, draining included, each with its time; for engines that play them after.
    #[must_use]
    pub fn trace(&self) -> Vec<(i64, Event)> {
        let mut play = Play::new(self.seed, self.inline_run_max, self.graphs.clone(), None);
        play.engine.record();
        let played = self.steps.iter().try_for_each(|step| play.step(step)).and_then(|()| play.drain());
        // Up to where engine and interpreter differ it is a history like any other.
        drop(played);
        play.engine.trace().to_vec()
    }

    /// The same with as few steps as still fail, first without halves, then without single ones.
    #[must_use]
    pub fn shrunk(&self, bug: Option<Bug>) -> Self {
        let mut best = self.clone();
        let mut chunk = best.steps.len().max(1);
        while chunk > 0 {
            let mut at = 0;
            while at < best.steps.len() {
                let mut fewer = best.clone();
                fewer.steps.drain(at..(at + chunk).min(fewer.steps.len()));
                if fewer.play(bug, false).is_err() {
                    best = fewer;
                } else {
                    at += chunk;
                }
            }
            chunk /= 2;
        }
        best
    }
}

/// Plays the cases of these seeds; the first that fails, shrunk, with what was wrong.
#[must_use]
pub fn first_failure(seeds: std::ops::Range<u64>, steps: usize, bug: Option<Bug>) -> Option<(Case, Wrong)> {
    for seed in seeds {
        let case = Case::random(seed, steps);
        if case.play(bug, false).is_err() {
            let shrunk = case.shrunk(bug);
            let wrong = shrunk.play(bug, false).err().unwrap_or_default();
            return Some((shrunk, wrong));
        }
    }
    None
}
