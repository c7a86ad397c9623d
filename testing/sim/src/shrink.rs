//! Makes a failing case smaller: fewer steps, then fewer rows, as long as it fails in the same way.

use crate::datum::Datum;
use crate::scenario::{Scenario, Step};
use crate::verdict::Failure;

/// Cases that are tried at most; each costs as much as running one.
const TRIES_MAX: usize = 400;

/// The smallest case found that `fails` in the way of `failure`, and how it fails.
#[must_use]
pub fn shrink(scenario: &Scenario, failure: Failure, fails: impl Fn(&Scenario) -> Option<Failure>) -> (Scenario, Failure) {
    let mut search = Search { smallest: scenario.clone(), failure, fails, tries: 0 };
    let mut end = search.smallest.clone();
    end.steps.truncate(search.failure.step + 1);
    search.try_smaller(end);
    // Without a step another may be of no use any more: once more over all, while it helps.
    while search.drop_steps() | search.drop_rows() {}
    (search.smallest, search.failure)
}

struct Search<F> {
    smallest: Scenario,
    failure: Failure,
    fails: F,
    tries: usize,
}

impl<F: Fn(&Scenario) -> Option<Failure>> Search<F> {
    fn try_smaller(&mut self, smaller: Scenario) -> bool {
        if self.tries >= TRIES_MAX {
            return false;
        }
        self.tries += 1;
        match (self.fails)(&smaller) {
            Some(failure) if failure.kind == self.failure.kind => {
                self.smallest = smaller;
                self.failure = failure;
                true
            }
            _ => false,
        }
    }

    fn drop_steps(&mut self) -> bool {
        let mut helped = false;
        for at in (0..self.smallest.steps.len()).rev() {
            let mut smaller = self.smallest.clone();
            smaller.steps.remove(at);
            helped |= self.try_smaller(smaller);
        }
        helped
    }

    fn drop_rows(&mut self) -> bool {
        let mut helped = false;
        for at in (0..self.smallest.steps.len()).rev() {
            let count = self.smallest.steps[at].clone().rows_mut().map_or(0, |rows| rows.len());
            for row in (0..count).rev() {
                let mut smaller = self.smallest.clone();
                if let Some(rows) = smaller.steps[at].rows_mut().filter(|rows| rows.len() > 1) {
                    rows.remove(row);
                    helped |= self.try_smaller(smaller);
                }
            }
        }
        helped
    }
}

impl Step {
    fn rows_mut(&mut self) -> Option<&mut Vec<Vec<Datum>>> {
        match self {
            Self::Insert { rows, .. } | Self::Push { rows, .. } => Some(rows),
            _ => None,
        }
    }
}
