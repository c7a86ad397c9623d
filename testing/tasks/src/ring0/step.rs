//! Histories: what is tried, in an order, by random picks that mean something in whatever state they meet. A history from which steps
//! are left out is a history again, which is what makes shrinking simple.

use serde::{Deserialize, Serialize};

use super::dice::Dice;

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    Wait,
    /// To the next stored time, or a little beyond.
    Leap,
    Submit,
    Create,
    Claim,
    Renew,
    Complete,
    Fail,
    Skip,
    Delay,
    /// The last call once more: its reply was lost.
    Repeat,
    CancelExecution,
    Revoke,
    CancelRun,
    Backlog,
    Settle,
    Dispatch,
    Reconcile,
    Sweep,
    SweepRuns,
    Hold,
    Release,
    Priority,
    RunNow,
    Override,
    Pause,
    Resume,
    Resolve,
    Lane,
    /// A run with a few members and edges, step by step, perhaps sealed.
    Build,
    Add,
    Stage,
    Apply,
    Policy,
    Seal,
    Extend,
    Replay,
    Restart,
    RetryFailed,
    /// An engine node says that it lives.
    Alive,
}

/// One step: a verb and what it picks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub verb: Verb,
    pub a: u32,
    pub b: u32,
}

/// How often each verb is tried.
const WEIGHTS: &[(Verb, usize)] = &[
    (Verb::Wait, 8),
    (Verb::Leap, 8),
    (Verb::Submit, 2),
    (Verb::Create, 1),
    (Verb::Claim, 22),
    (Verb::Renew, 3),
    (Verb::Complete, 16),
    (Verb::Fail, 10),
    (Verb::Skip, 3),
    (Verb::Delay, 3),
    (Verb::Repeat, 6),
    (Verb::CancelExecution, 3),
    (Verb::Revoke, 2),
    (Verb::CancelRun, 2),
    (Verb::Backlog, 2),
    (Verb::Settle, 6),
    (Verb::Dispatch, 6),
    (Verb::Reconcile, 2),
    (Verb::Sweep, 12),
    (Verb::SweepRuns, 4),
    (Verb::Hold, 2),
    (Verb::Release, 2),
    (Verb::Priority, 1),
    (Verb::RunNow, 2),
    (Verb::Override, 2),
    (Verb::Pause, 1),
    (Verb::Resume, 1),
    (Verb::Resolve, 4),
    (Verb::Lane, 1),
    (Verb::Build, 1),
    (Verb::Add, 1),
    (Verb::Stage, 2),
    (Verb::Apply, 1),
    (Verb::Policy, 1),
    (Verb::Seal, 2),
    (Verb::Extend, 2),
    (Verb::Replay, 3),
    (Verb::Restart, 2),
    (Verb::RetryFailed, 1),
    (Verb::Alive, 2),
];

impl Step {
    pub fn random(dice: &mut Dice) -> Self {
        let total: usize = WEIGHTS.iter().map(|(_, weight)| weight).sum();
        let mut left = dice.up_to(total);
        let mut verb = Verb::Wait;
        for (candidate, weight) in WEIGHTS {
            verb = *candidate;
            if left < *weight {
                break;
            }
            left -= weight;
        }
        let word = dice.word();
        Self { verb, a: (word >> 32) as u32, b: word as u32 }
    }

    /// A pick of 0 … below − 1 by the first word.
    #[must_use]
    pub fn first(&self, below: usize) -> usize {
        self.a as usize % below.max(1)
    }

    /// The same by the second word.
    #[must_use]
    pub fn second(&self, below: usize) -> usize {
        self.b as usize % below.max(1)
    }
}
