//! Runs a case against a database and holds every view to the batch answer after every step.

use std::collections::{BTreeMap, BTreeSet};

use futures::executor::block_on;
use levada::{Database, Error, Kind, Settings, SourceHandle, World, codes};
use levada_model::Bag;

use crate::datum::batch;
use crate::live::Live;
use crate::scenario::{Scenario, Source, Step, View, mirror};
use crate::timed::Timed;
use crate::verdict::{Failure, Tally};

/// Runs a case on so many shards.
///
/// # Errors
/// The first thing that went wrong.
pub fn run(scenario: &Scenario, shards: usize) -> Result<Tally, Failure> {
    let mut run = Run::new(shards)?;
    for (at, step) in scenario.steps.iter().enumerate() {
        run.step(step).map_err(|error| Failure::of(at, &step.sql(), &error))?;
        run.check(at, step.touches())?;
    }
    run.live.iter().try_for_each(|live| live.finish(&run.db, scenario.steps.len()))?;
    run.tally.late = run.timed.iter().map(Timed::late).sum();
    Ok(run.tally)
}

/// What every view holds after each step, by its name. Nothing is compared.
///
/// # Errors
/// The first thing that went wrong.
pub fn contents(scenario: &Scenario, shards: usize) -> Result<Vec<BTreeMap<String, Bag>>, Failure> {
    let mut run = Run::new(shards)?;
    let mut all = Vec::with_capacity(scenario.steps.len());
    for (at, step) in scenario.steps.iter().enumerate() {
        run.step(step).map_err(|error| Failure::of(at, &step.sql(), &error))?;
        let live = run.live.iter_mut().map(|live| Ok((live.name.clone(), live.follow(at)?.clone())));
        all.push(live.collect::<Result<_, Failure>>()?);
    }
    Ok(all)
}

struct Run {
    db: Database,
    handles: BTreeMap<String, SourceHandle>,
    live: Vec<Live>,
    /// By view: the tables and sources that it is made of.
    below: BTreeMap<String, BTreeSet<String>>,
    timed: Vec<Timed>,
    tally: Tally,
}

impl Run {
    fn new(shards: usize) -> Result<Self, Failure> {
        let (world, _clock) = World::sim(0);
        let settings = Settings { shards, ..Settings::default() };
        let db = Database::builder().settings(settings).world(world).open_in_memory();
        let db = db.map_err(|error| Failure::of(0, "opening", &error))?;
        Ok(Self {
            db,
            handles: BTreeMap::new(),
            live: Vec::new(),
            below: BTreeMap::new(),
            timed: Vec::new(),
            tally: Tally::default(),
        })
    }

    fn step(&mut self, step: &Step) -> Result<(), Error> {
        match step {
            Step::CreateTable(_) => self.execute(&step.sql()),
            Step::CreateSource(source) => self.create_source(source, &step.sql()),
            Step::CreateView(view) => self.create_view(view, &step.sql()),
            Step::DropView(name) => {
                let known = self.live.iter().any(|live| live.name == *name);
                self.live.retain(|live| live.name != *name);
                if known { self.execute(&step.sql()) } else { Ok(()) }
            }
            Step::Insert { .. } | Step::Write { .. } => match self.execute(&step.sql()) {
                // The rows that keys and NOT NULL refuse change nothing, and that is checked.
                Err(error) if [codes::LV_S201, codes::LV_S203].contains(&error.code()) => Ok(()),
                done => done,
            },
            Step::Push { source, types, rows } => {
                let pushed = batch(types, rows);
                block_on(self.db.insert(&mirror(source), pushed.clone()))?;
                self.handle(source)?.push_blocking(pushed)?;
                self.timed.iter_mut().filter(|timed| timed.source() == source).try_for_each(|timed| timed.epoch(&self.db, rows))
            }
            Step::Unpush { source, keys } => {
                let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
                self.execute(&format!("DELETE FROM {} WHERE c0 IN ({})", mirror(source), keys.join(", ")))?;
                self.execute(&step.sql())
            }
            Step::End { source } => {
                block_on(self.handle(source)?.end_of_input())?;
                self.timed.iter_mut().filter(|timed| timed.source() == source).try_for_each(|timed| timed.end(&self.db))
            }
        }
    }

    fn execute(&self, sql: &str) -> Result<(), Error> {
        self.db.execute_blocking(sql).map(drop)
    }

    fn handle(&self, source: &str) -> Result<&SourceHandle, Error> {
        self.handles.get(source).ok_or_else(|| Error::new(codes::LV_S101, format!("no source \"{source}\"")))
    }

    fn create_source(&mut self, source: &Source, sql: &str) -> Result<(), Error> {
        self.execute(sql)?;
        self.execute(&source.mirror().sql())?;
        self.handles.insert(source.name.clone(), self.db.source(&source.name)?);
        Ok(())
    }

    /// A view that is refused is counted; it and what would read it are not there.
    fn create_view(&mut self, view: &View, sql: &str) -> Result<(), Error> {
        match self.execute(sql) {
            Ok(()) => {}
            // What reads a refused view is no view of its own.
            Err(error) if error.code() == codes::LV_S101 => return Ok(()),
            Err(error) if is_refusal(&error) => {
                *self.tally.refused.entry(error.code().to_string()).or_default() += 1;
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        if let Some(closing) = &view.query.closing {
            self.timed.push(Timed::create(&self.db, closing)?);
        }
        let below: BTreeSet<String> = view.query.reads.iter().flat_map(|read| self.below(read)).collect();
        self.below.insert(view.name.clone(), below.clone());
        self.live.push(Live::new(&self.db, view, below)?);
        self.tally.views += 1;
        Ok(())
    }

    /// The tables and sources that a relation is made of.
    fn below(&self, relation: &str) -> BTreeSet<String> {
        self.below.get(relation).cloned().unwrap_or_else(|| BTreeSet::from([relation.to_owned()]))
    }

    fn check(&mut self, at: usize, touched: &str) -> Result<(), Failure> {
        for live in &mut self.live {
            live.check(&self.db, at, touched, &mut self.tally)?;
        }
        Ok(())
    }
}

/// Whether the planner said that it can't maintain this, as against being wrong.
fn is_refusal(error: &Error) -> bool {
    // The batch engine sees no difference between the names of sum(a) and of sum(CAST(a AS …)).
    let others = [codes::LV_S004, codes::LV_S121];
    error.kind() == Kind::Invalid && (error.code().name().starts_with("LV-S3") || others.contains(&error.code()))
}
