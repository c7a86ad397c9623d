//! Dropping events that are too old to be followed.

use levada_base::Error;
use levada_store::{Command, Scope};
use serde::{Deserialize, Serialize};

use super::{Draft, Rule};

/// Drop the events that are older than a span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgetEvents {
    pub older_than_ms: i64,
}

impl Rule for ForgetEvents {
    type Answer = ();

    fn scope(&self) -> Scope {
        // Events are of no slice: what is removed follows from the time alone.
        Scope::All(Vec::new())
    }

    fn decide(&self, draft: &mut Draft) -> Result<(), Error> {
        let before_ms = draft.now().saturating_sub(self.older_than_ms.max(0));
        draft.remove_all(vec![Command::DeleteEventsBefore(before_ms)]);
        Ok(())
    }
}
