//! One user's statements against one database: what each answered, what was said beside it, and the newest subscription.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use levada::{Database, Notice, Outcome, Subscription};
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType};

use crate::answer::Answer;
use crate::{command, style};

/// Runs statements, and the few commands of [`command`].
#[derive(Debug)]
pub struct Session {
    pub(crate) database: Database,
    pub(crate) subscription: Option<Subscription>,
    /// Of the newest statement.
    pub(crate) notices: Vec<Notice>,
}

impl Session {
    /// A session of its own in `database`.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database, subscription: None, notices: Vec::new() }
    }

    /// Runs one statement, or a command when the text starts with a backslash.
    ///
    /// # Errors
    /// The statement's error, or what is wrong with its wording.
    pub async fn execute(&mut self, text: &str) -> Result<Answer, Failure> {
        if let Some(words) = text.trim().strip_prefix('\\') {
            return command::run(self, words).await;
        }
        self.notices.clear();
        let outcome = self.database.execute(text).await.map_err(Failure::of)?;
        self.notices = outcome.notices().to_vec();
        Ok(match outcome {
            Outcome::Done { .. } => Answer::default(),
            Outcome::Written { rows, .. } => Answer::of_count(rows),
            Outcome::Rows(rows) => Answer::of_rows(&rows),
            Outcome::Subscribed(subscription) => {
                self.subscription = Some(subscription);
                Answer::default()
            }
        })
    }
}

/// Why a statement did not do what it says.
#[derive(Debug, Clone)]
pub enum Failure {
    /// Levada refused it.
    Refused(Arc<levada::Error>),
    /// Levada refused it in words that [`style`] does not allow, or the command of the script is wrong.
    Wrong(String),
}

impl Failure {
    pub(crate) fn of(error: levada::Error) -> Self {
        match style::faults(&error) {
            faults if faults.is_empty() => Self::Refused(Arc::new(error)),
            faults => Self::Wrong(format!("{error:?}\nis badly worded: {}", faults.join("; "))),
        }
    }
}

/// The error and where it is: `LV-S110: column … at line 1, column 8`.
impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong(text) => write!(out, "wrong: {text}"),
            Self::Refused(error) => match error.position() {
                None => write!(out, "{error}"),
                Some(position) => write!(out, "{error} at {position}"),
            },
        }
    }
}

impl std::error::Error for Failure {}

#[async_trait]
impl AsyncDB for Session {
    type Error = Failure;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Failure> {
        self.execute(sql).await.map(Answer::into_output)
    }

    /// The database belongs to the script, not to one session.
    async fn shutdown(&mut self) {}

    fn engine_name(&self) -> &str {
        "levada"
    }

    fn error_sql_state(failure: &Failure) -> Option<String> {
        match failure {
            Failure::Refused(error) => Some(error.code().sqlstate().to_owned()),
            Failure::Wrong(_) => None,
        }
    }
}
