//! An open database with what a program around it keeps: where results go, the subscriptions that are followed, the progress line and
//! the wish of the user to stop.
//!
//! Sources are read from the first statement that needs their rows, or from the end of the script: every statement before that sees
//! them from their first row.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use levada::{Database, Error, Outcome, Result, Rows, Settings, World, codes};
use levada_sql::{InsertSource, Parsed, Statement};

use crate::args::Shared;
use crate::print::{self, Follower, Following, Format};
use crate::progress::Progress;
use crate::report;
use crate::screen::Screen;
use crate::stop::Stop;

/// How often the progress line is drawn and subscriptions are looked at.
const TICK: Duration = Duration::from_millis(50);

/// An open database and what belongs to it.
pub(crate) struct Session {
    pub database: Database,
    pub screen: Screen,
    pub format: Format,
    followers: Vec<Follower>,
    progress: Progress,
    stop: Stop,
    talk: Talk,
    /// Whether it was said that rows of endless inputs are those of a moment.
    told_of_endless: bool,
}

/// Whether statements without rows say what they did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Talk {
    Quiet,
    Messages,
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waited {
    ToTheEnd,
    /// The user wants to stop.
    Interrupted,
}

impl Session {
    /// Opens a database. Must be called within a runtime.
    ///
    /// # Errors
    /// `LV-S602` for a setting that does not exist.
    pub(crate) fn open(shared: &Shared, screen: Screen, talk: Talk) -> Result<Self> {
        let world = World::real();
        let builder = Database::builder().settings(settings(&shared.settings)?).world(world.clone()).output(screen.output());
        let database = builder.read_when_started().open_in_memory()?;
        let stop = Stop::listen(&world)?;
        let progress = Progress::new(world, screen.clone());
        Ok(Self {
            database,
            screen,
            format: shared.format,
            followers: Vec::new(),
            progress,
            stop,
            talk,
            told_of_endless: false,
        })
    }

    /// Executes a statement and prints what it gives. A statement that reads rows first waits for the end of the bounded inputs.
    ///
    /// # Errors
    /// The statement's own, and those of the jobs it waits for.
    pub(crate) async fn execute(&mut self, parsed: Parsed) -> Result<Waited> {
        if reads_rows(&parsed.statement) && self.wait_for_inputs().await? == Waited::Interrupted {
            return Ok(Waited::Interrupted);
        }
        let is_text = matches!(parsed.statement, Statement::Explain(_) | Statement::ShowCreate { .. });
        let (database, position) = (self.database.clone(), parsed.position.covering(1));
        let outcome = self.unless_interrupted(database.execute_parsed(parsed)).await.map_err(|error| error.at(position))?;
        let Some(outcome) = outcome else { return Ok(Waited::Interrupted) };
        self.print(outcome, is_text)?;
        Ok(Waited::ToTheEnd)
    }

    /// Waits until the bounded inputs have been read and worked off, printing changes meanwhile.
    ///
    /// # Errors
    /// What stopped an input or a job on the way.
    pub(crate) async fn wait_for_inputs(&mut self) -> Result<Waited> {
        self.database.start()?;
        let database = self.database.clone();
        let ended = self.unless_interrupted(database.wait_for_end(&[])).await?;
        if ended.is_some() && self.database.has_unbounded_readers() && !std::mem::replace(&mut self.told_of_endless, true) {
            self.screen
                .aside(|| report::remark("an input never ends: rows that are read show this moment; SUBSCRIBE follows them"));
        }
        Ok(if ended.is_some() { Waited::ToTheEnd } else { Waited::Interrupted })
    }

    /// Reads everything to its end, or until the user stops it where there is none; then closes and prints what is left.
    ///
    /// # Errors
    /// What stopped an input, a job or a sink.
    pub(crate) async fn finish(&mut self) -> Result<()> {
        self.database.start()?;
        let database = self.database.clone();
        let ended = self.unless_interrupted(database.wait_for_end(&[])).await?;
        if ended.is_some() && self.database.has_unbounded_readers() {
            self.unless_interrupted(watch(&database)).await?;
        }
        self.close()
    }

    /// Ends everything and prints what was left to print.
    ///
    /// # Errors
    /// The first error of a sink, or of a subscription.
    pub(crate) fn close(&mut self) -> Result<()> {
        self.progress.clear();
        let closed = self.database.close();
        self.print_changes()?;
        closed
    }

    /// The work's result, or `None` if the user stops it. Draws and prints what comes meanwhile.
    async fn unless_interrupted<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<Option<T>> {
        self.stop.renew();
        let mut work = pin!(work);
        let mut ticks = tokio::time::interval(TICK);
        // The first tick is at once: short work shall not draw.
        ticks.tick().await;
        let result = loop {
            tokio::select! {
                biased;
                result = &mut work => break result.map(Some),
                () = self.stop.asked() => break Ok(None),
                _ = ticks.tick() => {
                    self.progress.show(&self.database);
                    self.print_changes()?;
                }
            }
        };
        self.progress.clear();
        self.print_changes()?;
        result
    }

    fn print_changes(&mut self) -> Result<()> {
        let mut open = Vec::with_capacity(self.followers.len());
        for mut follower in std::mem::take(&mut self.followers) {
            if follower.print(&self.screen)? == Following::Open {
                open.push(follower);
            }
        }
        self.followers = open;
        Ok(())
    }

    fn print(&mut self, outcome: Outcome, is_text: bool) -> Result<()> {
        outcome.notices().iter().for_each(|notice| self.screen.aside(|| report::notice(notice)));
        match outcome {
            Outcome::Rows(rows) => self.print_rows(&rows, is_text),
            Outcome::Subscribed(subscription) => {
                self.followers.push(Follower::new(subscription, self.format, &self.screen)?);
                self.print_changes()
            }
            Outcome::Done { message, .. } => self.say(&message),
            Outcome::Written { rows, .. } => self.say(&format!("{rows} row{}", if rows == 1 { "" } else { "s" })),
        }
    }

    fn print_rows(&self, rows: &Rows, is_text: bool) -> Result<()> {
        match (is_text, self.format) {
            (true, Format::Table) => print::plain(rows, &self.screen),
            _ => print::rows(self.format, rows, &self.screen),
        }
    }

    /// Messages are no data: only the table format, which is for people, has them.
    fn say(&self, message: &str) -> Result<()> {
        match (self.talk, self.format) {
            (Talk::Messages, Format::Table) => self.screen.print(&format!("{message}\n")),
            _ => Ok(()),
        }
    }

    /// Whether subscriptions are followed.
    pub(crate) fn is_following(&self) -> bool {
        !self.followers.is_empty()
    }

    /// Prints changes until the bounded inputs end, or the user stops it where there is an endless one; then forgets the subscriptions.
    ///
    /// # Errors
    /// What ended a subscription or stopped a job.
    pub(crate) async fn follow(&mut self) -> Result<()> {
        let database = self.database.clone();
        if self.wait_for_inputs().await? == Waited::ToTheEnd && database.has_unbounded_readers() {
            self.unless_interrupted(watch(&database)).await?;
        }
        self.followers.clear();
        Ok(())
    }
}

/// Ends only with the error of a job.
async fn watch(database: &Database) -> Result<()> {
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
        database.wait_for_end(&[]).await?;
    }
}

/// Statements whose answer depends on how much of the inputs has been read.
fn reads_rows(statement: &Statement) -> bool {
    match statement {
        Statement::Select(_) | Statement::Update(_) | Statement::Delete(_) => true,
        Statement::Insert(insert) => matches!(insert.source, InsertSource::Query(_)),
        _ => false,
    }
}

fn settings(said: &[String]) -> Result<Settings> {
    let mut settings = Settings::default();
    for setting in said {
        let (name, value) = setting.split_once('=').ok_or_else(|| {
            Error::new(codes::LV_S602, format!("\"{setting}\" is not a setting"))
                .with_hint("write --set name=value, such as --set shards=4")
        })?;
        settings.set(name.trim(), value)?;
    }
    Ok(settings)
}
