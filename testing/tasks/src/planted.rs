//! Known bugs that a test puts back, to show that it finds them.
//!
//! A bug spoils the slice that a decision sees or the commands that it made; the rules know nothing of it.

use levada_store::{Command, State};
use levada_tasks::rules::Event;

/// A bug of the kind that execution engines have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    /// A mark is lost.
    LostMark,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 1] = [Self::LostMark];

    /// Changes what a decision sees.
    pub fn spoil_slice(self, _event: &Event, _slice: &mut State) {}

    /// Changes what a decision made.
    pub fn spoil_commands(self, _event: &Event, _slice: &State, commands: &mut Vec<Command>) {
        commands.retain(|command| !matches!(command, Command::Put(levada_store::Record::Mark(_))));
    }
}
