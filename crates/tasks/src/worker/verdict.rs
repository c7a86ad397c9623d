//! What a handler says about its task.

use std::fmt;

use levada_store::alphabets::FailureClass;
use levada_store::rows::{Fact, Facts};
use serde::Serialize;

use super::Json;
use crate::spec::{Failure, Payload};

/// The end of a handler's work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Done(Done),
    Failed(Failure),
    Skip {
        reason: String,
    },
    /// Park it for so many milliseconds.
    Delay {
        for_ms: i64,
    },
}

/// A result with the facts that edges may ask about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Done {
    pub result: Payload,
    pub facts: Facts,
}

impl Done {
    /// A result of bytes.
    #[must_use]
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self { result: Payload::Inline(bytes.into()), facts: Facts::default() }
    }

    /// The same with one more fact.
    #[must_use]
    pub fn with_fact(mut self, name: &str, fact: Fact) -> Self {
        self.facts.0.insert(name.to_owned(), fact);
        self
    }
}

/// Why a handler stops without a result. Any error becomes a retry by `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    Fail(Failure),
    Skip { reason: String },
    Delay { for_ms: i64 },
}

impl Stop {
    /// Something that may go better next time.
    #[must_use]
    pub fn retry(code: &str, message: impl fmt::Display) -> Self {
        Self::failure(FailureClass::Transient, code, message)
    }

    /// Something that will never go better.
    #[must_use]
    pub fn permanent(code: &str, message: impl fmt::Display) -> Self {
        Self::failure(FailureClass::Permanent, code, message)
    }

    /// The condition of the task does not hold.
    #[must_use]
    pub fn skip(reason: &str) -> Self {
        Self::Skip { reason: reason.to_owned() }
    }

    /// Not now: again after so many milliseconds, as the same attempt.
    #[must_use]
    pub fn delay_ms(for_ms: i64) -> Self {
        Self::Delay { for_ms }
    }

    pub(crate) fn failure(class: FailureClass, code: &str, message: impl fmt::Display) -> Self {
        Self::Fail(Failure { class, code: code.to_owned(), message: message.to_string() })
    }
}

impl<E: std::error::Error> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::retry("error", error)
    }
}

impl From<Stop> for Verdict {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Fail(failure) => Self::Failed(failure),
            Stop::Skip { reason } => Self::Skip { reason },
            Stop::Delay { for_ms } => Self::Delay { for_ms },
        }
    }
}

/// What a handler may return when all went well.
pub trait IntoResult {
    /// The result as it is recorded.
    ///
    /// # Errors
    /// A result that cannot be encoded is a permanent failure.
    fn into_result(self) -> Result<Done, Stop>;
}

impl IntoResult for () {
    fn into_result(self) -> Result<Done, Stop> {
        Ok(Done::default())
    }
}

impl IntoResult for Done {
    fn into_result(self) -> Result<Done, Stop> {
        Ok(self)
    }
}

impl IntoResult for Vec<u8> {
    fn into_result(self) -> Result<Done, Stop> {
        Ok(Done::bytes(self))
    }
}

impl IntoResult for String {
    fn into_result(self) -> Result<Done, Stop> {
        Ok(Done::bytes(self))
    }
}

impl<T: Serialize> IntoResult for Json<T> {
    fn into_result(self) -> Result<Done, Stop> {
        let bytes = serde_json::to_vec(&self.0).map_err(|cause| Stop::permanent("result_encode", cause))?;
        Ok(Done::bytes(bytes))
    }
}
