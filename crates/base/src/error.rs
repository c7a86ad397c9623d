//! The one error every call of Levada returns: a stable code, what was wrong, where, and what to type instead.

use std::error::Error as StdError;
use std::fmt;

use crate::{Code, Kind, Position};

/// `Result` with Levada's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in a form for programs (`code`, `kind`, `details`) and for people (`message`, `hint`, `position`).
///
/// The parts are boxed: a `Result<u32>` stays two words wide on the hot path.
pub struct Error(Box<Parts>);

struct Parts {
    code: Code,
    message: String,
    reason: Option<String>,
    hint: Option<String>,
    position: Option<Position>,
    details: Vec<(&'static str, String)>,
    also: Vec<Error>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of `code`, saying in `message` what was wrong (lower case, no full stop).
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            code,
            message: message.into(),
            reason: None,
            hint: None,
            position: None,
            details: Vec::new(),
            also: Vec::new(),
            source: None,
        }))
    }

    /// A defect of ours (`LV-S999`): a state that the code before it should have made impossible.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(crate::codes::LV_S999, message).with_hint("this is a bug in Levada: please report it with the statement")
    }

    /// Adds why the rule exists or what was found instead.
    #[must_use]
    pub fn with_reason(mut self, reason: impl Into<String>) -> Self {
        self.0.reason = Some(reason.into());
        self
    }

    /// Adds what the system said as the reason, and keeps it for `source()`.
    #[must_use]
    pub fn because(self, cause: std::io::Error) -> Self {
        let said = cause.to_string();
        let mut letters = said.chars();
        let reason = letters.next().map(|first| first.to_lowercase().chain(letters).collect::<String>());
        self.with_reason(reason.unwrap_or_default()).caused_by(cause)
    }

    /// Adds the fix, as something to type where that is possible.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds the place in the statement; the first one said wins, because it was said nearest to the cause.
    #[must_use]
    pub fn at(mut self, position: impl Into<Option<Position>>) -> Self {
        if self.0.position.is_none() {
            self.0.position = position.into();
        }
        self
    }

    /// Adds a fact for programs, behind those already there: `with_detail("fence", 7)`.
    #[must_use]
    pub fn with_detail(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.details.push((name, value.to_string()));
        self
    }

    /// Keeps the cause for `source()`.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Carries further errors of the same statement, found in the same check.
    #[must_use]
    pub fn with_also(mut self, also: Vec<Error>) -> Self {
        self.0.also = also;
        self
    }

    /// Puts what was being done in front of the message: `context: message`.
    #[must_use]
    pub fn while_doing(mut self, context: impl fmt::Display) -> Self {
        self.0.message = format!("{context}: {}", self.0.message);
        self
    }

    /// The stable code, for example `LV-S110`.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What the caller should do about it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.code.kind()
    }

    /// What was wrong. For people; not API.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Why, where the message alone does not say it.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// What to type instead.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Where in the statement's text.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.0.position
    }

    /// Facts for programs by name, in the order in which they were added.
    #[must_use]
    pub fn details(&self) -> &[(&'static str, String)] {
        &self.0.details
    }

    /// Further errors found in the same check, in the order of their positions.
    #[must_use]
    pub fn also(&self) -> &[Error] {
        &self.0.also
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.0.code, self.0.message)?;
        if let Some(reason) = &self.0.reason {
            write!(out, ": {reason}")?;
        }
        if let Some(hint) = &self.0.hint {
            write!(out, "; {hint}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")?;
        if let Some(position) = self.0.position {
            write!(out, " at {position}")?;
        }
        for (name, value) in &self.0.details {
            write!(out, "\nwith {name} {value}")?;
        }
        for also in &self.0.also {
            write!(out, "\nalso {also:?}")?;
        }
        if let Some(source) = &self.0.source {
            write!(out, "\ncaused by {source}")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced() -> Error {
        Error::internal("fence 3 was replaced").with_detail("fence", 7).with_detail("phase", "ended")
    }

    #[test]
    fn details_are_named_facts_in_the_order_of_their_adding() {
        assert_eq!(replaced().details(), [("fence", "7".to_owned()), ("phase", "ended".to_owned())]);
        assert!(Error::internal("fence 3 was replaced").details().is_empty());
    }

    #[test]
    fn details_are_for_programs_and_logs_not_for_the_message() {
        let plain = Error::internal("fence 3 was replaced").to_string();
        assert_eq!(replaced().to_string(), plain);
        assert_eq!(format!("{:?}", replaced()), format!("{plain}\nwith fence 7\nwith phase ended"));
    }
}
