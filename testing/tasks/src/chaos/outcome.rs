//! What came of a call: its answer, the rows after it, and the rows when all had ended. The same for a call that was disturbed.

use levada_base::Error;
use levada_store::Store;

use super::drain::drain;
use super::laws;
use super::node::Node;
use super::operation::{Operation, Ready};
use super::picture::{difference, picture};

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub answer: String,
    pub after: Vec<String>,
    pub end: Vec<String>,
}

impl Outcome {
    /// Makes the call, then lets everything end; the laws hold all the way.
    ///
    /// # Errors
    /// What the call said, or what was wrong after it.
    pub async fn of_call(operation: Operation, node: &Node, ready: &Ready) -> Result<Self, String> {
        let answer = operation.call(node, ready).await.map_err(|error| said(&error))?;
        Self::after_call(answer, node).await
    }

    /// The same when the call is made already.
    ///
    /// # Errors
    /// What was wrong after it.
    pub async fn after_call(answer: String, node: &Node) -> Result<Self, String> {
        let rows = node.tasks.store().dump().await.map_err(|error| said(&error))?;
        laws::check(&rows)?;
        drain(node).await?;
        let end = node.tasks.store().dump().await.map_err(|error| said(&error))?;
        Ok(Self { answer, after: picture(&rows), end: picture(&end) })
    }

    /// Nothing else than what the undisturbed call left.
    ///
    /// # Errors
    /// What differs.
    pub fn same(&self, undisturbed: &Self) -> Result<(), String> {
        if self.answer != undisturbed.answer {
            return Err(format!("answered {}, undisturbed {}", self.answer, undisturbed.answer));
        }
        let differs = |when: &str, one: &[String], other: &[String]| match difference(one, other) {
            Some(lines) => Err(format!("{when}\n{lines}")),
            None => Ok(()),
        };
        differs("after the call", &undisturbed.after, &self.after)?;
        differs("in the end", &undisturbed.end, &self.end)
    }
}

/// The code first, then the message.
#[must_use]
pub fn said(error: &Error) -> String {
    format!("{} {}", error.code(), error.message())
}
