//! Dropping events that are too old to be followed, span by span: a store that keeps them in parts by time drops whole parts.

use levada_base::Error;
use levada_store::limits::{EVENT_SPAN_MS_MIN, EVENT_SPANS_KEPT};
use levada_store::{Command, Scope};
use serde::{Deserialize, Serialize};

use super::{Draft, Rule};

/// Drop the events of the spans of time that ended at least so long ago: an event is kept so long, and at most a span longer.
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
        let span_ms = self.span_ms();
        let over_ms = draft.now().saturating_sub(self.older_than_ms.max(0));
        let before_ms = over_ms.saturating_sub(over_ms.rem_euclid(span_ms));
        draft.remove_all(vec![Command::ForgetEvents { before_ms, span_ms }]);
        Ok(())
    }
}

impl ForgetEvents {
    /// How long a span is, so that there are few of them however long events are kept.
    #[must_use]
    pub fn span_ms(&self) -> i64 {
        (self.older_than_ms.max(0) / EVENT_SPANS_KEPT).max(EVENT_SPAN_MS_MIN)
    }
}
