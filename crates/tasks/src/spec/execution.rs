//! A new execution.

use std::collections::{BTreeMap, BTreeSet};

use levada_store::ExecutionId;
use levada_store::alphabets::Storage;
use serde::{Deserialize, Serialize};

use super::ExecutionPolicy;

/// Bytes, a name under which bytes are kept elsewhere, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    #[default]
    Void,
    Inline(Vec<u8>),
    Reference(String),
}

impl Payload {
    /// How it is kept.
    #[must_use]
    pub fn storage(&self) -> Storage {
        match self {
            Self::Void => Storage::Void,
            Self::Inline(_) => Storage::Inline,
            Self::Reference(_) => Storage::Reference,
        }
    }

    /// The bytes that are kept.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Void => &[],
            Self::Inline(bytes) => bytes,
            Self::Reference(name) => name.as_bytes(),
        }
    }

    /// A payload back from what is kept. Bytes of a reference that are no text are shown with replacement characters.
    #[must_use]
    pub fn from_stored(storage: Storage, bytes: Vec<u8>) -> Self {
        match storage {
            Storage::Void => Self::Void,
            Storage::Inline => Self::Inline(bytes),
            Storage::Reference => Self::Reference(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }
}

/// Everything that is fixed when an execution is created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewExecution {
    /// Made by the engine if absent.
    pub id: Option<ExecutionId>,
    pub namespace: String,
    /// Unique within a run; may be empty outside of one.
    pub name: String,
    /// The word under which workers have their handler.
    pub kind: String,
    pub input: Payload,
    pub lane: String,
    /// A worker must offer all of them.
    pub capabilities: BTreeSet<String>,
    /// 0 … 9000, higher first.
    pub priority: i32,
    /// Not before this store time, UTC milliseconds.
    pub due_ms: Option<i64>,
    pub policy: ExecutionPolicy,
    /// Whether its failure makes its run fail.
    pub essential: bool,
    /// Runs after all other members have ended, whatever the outcome.
    pub finalizer: bool,
    pub tags: BTreeMap<String, String>,
    /// A repeated create with this key gives the first execution.
    pub request_key: Option<String>,
    /// Not to be claimed before it is added to a run and that is sealed.
    pub staged: bool,
}

impl Default for NewExecution {
    fn default() -> Self {
        Self {
            id: None,
            namespace: "default".to_owned(),
            name: String::new(),
            kind: String::new(),
            input: Payload::Void,
            lane: "default".to_owned(),
            capabilities: BTreeSet::new(),
            priority: 0,
            due_ms: None,
            policy: ExecutionPolicy::default(),
            essential: true,
            finalizer: false,
            tags: BTreeMap::new(),
            request_key: None,
            staged: false,
        }
    }
}

impl NewExecution {
    /// An execution of `kind` with defaults for everything else.
    #[must_use]
    pub fn of_kind(kind: &str) -> Self {
        Self { kind: kind.to_owned(), ..Self::default() }
    }

    /// The same under a name.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// The same with these bytes as input.
    #[must_use]
    pub fn with_input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Payload::Inline(bytes.into());
        self
    }

    /// The same in another lane.
    #[must_use]
    pub fn in_lane(mut self, lane: &str) -> Self {
        lane.clone_into(&mut self.lane);
        self
    }
}
