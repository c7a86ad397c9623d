//! The whole explanation.

use levada_base::Error;
use levada_store::Subject;
use levada_store::alphabets::PublicState;
use serde::{Deserialize, Serialize};

use super::{End, Owner, Reason, Trigger, Why};

/// Why something is not over. `{}` prints it for people, `{:#}` with since when, whose turn it is and the way out of each reason;
/// programs read it as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reasons {
    /// Store time of the look.
    pub now_ms: i64,
    #[serde(flatten)]
    pub waiting: Waiting,
    /// Of a run: its members that have not ended.
    pub members: Vec<Members>,
    /// Engine nodes that were heard of lately: they do the background work.
    pub engine_nodes: u32,
}

/// Something and what it waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub subject: Subject,
    /// Its name, or its id if it has none.
    pub name: String,
    /// The public state of an execution, the phase of a run.
    pub state: String,
    /// How its edges stand, if it waits for them.
    pub edges: Option<EdgesLeft>,
    /// All of them stand in its way; in the order in which they are asked for.
    pub reasons: Vec<Reason>,
    /// Open edges, of a run open conditions, that are not listed.
    pub more: i64,
    /// Its reasons are listed where it is named before.
    pub listed_before: bool,
    /// From when it expires, whatever it waits for.
    pub deadline_ms: Option<i64>,
    /// If it is over.
    pub end: Option<End>,
}

/// How a group of edges stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgesLeft {
    /// How many more must be satisfied.
    pub need: i32,
    pub n: i32,
    pub satisfied: i32,
    pub missed: i32,
}

/// Members of a run in one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    pub state: PublicState,
    pub count: i64,
    /// The first of them, with one level of what they wait for.
    pub listed: Vec<Waiting>,
}

impl Reasons {
    /// All that is known while the store does not answer.
    pub(crate) fn of_outage(subject: Subject, now_ms: i64, error: &Error) -> Self {
        let why = Why::StoreUnavailable { code: error.code().to_string(), message: error.message().to_owned() };
        let name = match subject {
            Subject::Execution(id) => id.to_string(),
            Subject::Run(id) => id.to_string(),
        };
        let waiting = Waiting {
            subject,
            name,
            state: "unknown".to_owned(),
            edges: None,
            reasons: vec![Reason::new(why, None, Owner::Operator, Trigger::StoreAnswers)],
            more: 0,
            listed_before: false,
            deadline_ms: None,
            end: None,
        };
        Self { now_ms, waiting, members: Vec::new(), engine_nodes: 0 }
    }

    /// Whether it is over, or it is known who acts next and on what.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.waiting.end.is_some() || self.waiting.is_answered() || self.members.iter().any(|members| members.count > 0)
    }
}

impl Waiting {
    /// Whether it is known of all that it waits for who acts next and on what.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        let reasons = !self.reasons.is_empty() && self.reasons.iter().all(Reason::is_answered);
        let not_followed = self.more > 0 || self.listed_before;
        reasons || (self.reasons.is_empty() && not_followed)
    }
}
