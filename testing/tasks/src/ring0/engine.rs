//! The engine under test: [`Ring0`], with a place where a known bug can be put between a slice, its decision and the commit.

use levada_base::Error;
use levada_store::State;
use levada_tasks::ring0::Ring0;
use levada_tasks::rules::{Event, Rule, answer};

use crate::planted::Bug;

/// Rules, full state in memory, a clock that stands until it is moved.
#[derive(Debug, Clone)]
pub struct Engine {
    ring0: Ring0,
    bug: Option<Bug>,
    /// What was asked and when, if that is wanted.
    trace: Option<Vec<(i64, Event)>>,
}

impl Engine {
    /// Empty. Runs of at most `inline_run_max` members are settled where they end.
    #[must_use]
    pub fn new(seed: u64, inline_run_max: i32, bug: Option<Bug>) -> Self {
        Self { ring0: Ring0::new(seed).with_inline_run_max(inline_run_max), bug, trace: None }
    }

    /// All rows.
    #[must_use]
    pub fn rows(&self) -> &State {
        self.ring0.state()
    }

    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.ring0.now_ms()
    }

    /// Remembers everything from now on.
    pub fn record(&mut self) {
        self.trace = Some(Vec::new());
    }

    /// The events since [`Engine::record`], refused ones too, each with its time.
    #[must_use]
    pub fn trace(&self) -> &[(i64, Event)] {
        self.trace.as_deref().unwrap_or_default()
    }

    pub fn advance(&mut self, by_ms: i64) {
        self.ring0.advance(by_ms);
    }

    /// Decides and commits.
    ///
    /// # Errors
    /// What the rules refuse, and `LV-T901` for commands that break a rule of the rows.
    pub fn act<R: Rule>(&mut self, rule: &R) -> Result<R::Answer, Error> {
        let now_ms = self.ring0.now_ms();
        if let Some(trace) = &mut self.trace {
            trace.push((now_ms, rule.clone().into()));
        }
        let mut slice = self.ring0.cut(&rule.scope());
        let Some(bug) = self.bug else {
            let (commands, answer) = answer(&slice, rule)?;
            self.ring0.commit(&commands)?;
            return Ok(answer);
        };
        let event: Event = rule.clone().into();
        bug.spoil_slice(&event, &mut slice);
        let (mut commands, answer) = answer(&slice, rule)?;
        bug.spoil_commands(&event, &slice, &mut commands);
        self.ring0.commit(&commands)?;
        Ok(answer)
    }
}
