//! The rules without a store: full state in memory, a clock that stands until it is moved, no waiting.
//!
//! For tests that take millions of steps and for trying out what follows from an event. It loads slices with the same
//! [`levada_store::cut`] as every store, so a rule that looks beyond its scope fails here too.

use levada_base::Error;
use levada_store::{Command, DueKind, Moment, Scope, State, Tables, cut, earliest, limits};

use crate::rules::{Event, Rule, answer, decide};

/// An engine of rules alone.
#[derive(Debug, Clone)]
pub struct Ring0 {
    tables: Tables,
    now_ms: i64,
    inline_run_max: i32,
    words: u64,
}

/// 2026-01-01 00:00 UTC, like the simulated world.
const START_MS: i64 = 1_767_225_600_000;

impl Ring0 {
    /// Empty; everything random follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { tables: Tables::default(), now_ms: START_MS, inline_run_max: limits::INLINE_RUN_MAX, words: seed }
    }

    /// The same, settling runs of at most so many members where they end.
    #[must_use]
    pub fn with_inline_run_max(mut self, members: i32) -> Self {
        self.inline_run_max = members;
        self
    }

    /// All rows.
    #[must_use]
    pub fn state(&self) -> &State {
        self.tables.state()
    }

    /// Store time.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// Moves time.
    pub fn advance(&mut self, by_ms: i64) {
        self.now_ms += by_ms;
    }

    /// 64 pseudo-random bits (splitmix64, by Sebastiano Vigna).
    pub fn random(&mut self) -> u64 {
        self.words = self.words.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.words;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    /// What an event would see.
    #[must_use]
    pub fn slice(&self, event: &Event) -> State {
        self.cut(&event.scope())
    }

    /// The rows of a scope at this moment.
    #[must_use]
    pub fn cut(&self, scope: &Scope) -> State {
        let moment = Moment { now_ms: self.now_ms, seq: self.tables.state().seq, inline_run_max: self.inline_run_max };
        cut(&self.tables, scope, moment)
    }

    /// Decides and commits.
    ///
    /// # Errors
    /// What the rules refuse, and `LV-T901` for commands that break a rule of the rows.
    pub fn act<R: Rule>(&mut self, rule: &R) -> Result<R::Answer, Error> {
        let (commands, answer) = answer(&self.cut(&rule.scope()), rule)?;
        self.commit(&commands)?;
        Ok(answer)
    }

    /// Decides and commits an event from a trace; the answer is not kept.
    ///
    /// # Errors
    /// See [`Ring0::act`].
    pub fn replay(&mut self, event: &Event) -> Result<Vec<Command>, Error> {
        let commands = decide(&self.slice(event), event)?;
        self.commit(&commands)?;
        Ok(commands)
    }

    /// Commits commands that were decided on a slice of this moment.
    ///
    /// # Errors
    /// `LV-T901` for commands that break a rule of the rows; then nothing is changed.
    pub fn commit(&mut self, commands: &[Command]) -> Result<(), Error> {
        self.tables.commit(commands).map_err(|violation| {
            Error::new(levada_base::codes::LV_T901, violation.to_string()).with_detail("rule", violation.rule)
        })
    }

    /// The earliest stored time of a kind.
    #[must_use]
    pub fn next_due(&self, kind: DueKind) -> Option<i64> {
        earliest(self.tables.state(), kind)
    }
}
