//! Joint commits: what an operation would do, asked for now and committed later, together with others, in one transaction.
//!
//! A plan is bound to the rows it was made on. When it is committed they are loaded again under their locks: if any changed, nothing is
//! written and the answer is `LV-T218`. The commands are then decided anew from the same rows, so that times and numbers are those of
//! the commit.

use levada_base::{Error, codes};
use levada_store::{Command, Query, Scope, State, Store, apply_in_turn};

use super::Tasks;
use crate::engine::on_own;
use crate::metrics;
use crate::rules::{Event, decide_whole};

/// Something to be committed.
#[derive(Debug, Clone)]
pub struct Planned {
    event: Event,
    commands: Vec<Command>,
    read: State,
}

impl Planned {
    /// What it would write if it were committed alone at the moment of planning.
    #[must_use]
    pub fn commands(&self) -> &[Command] {
        &self.commands
    }

    /// Whether there is anything to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.commands.is_empty()
    }
}

impl<S: Store> Tasks<S> {
    /// Plans an event. Of an event with many items every item must be possible: a lost lease fails the plan.
    ///
    /// # Errors
    /// What the operation itself refuses.
    pub async fn plan(&self, event: impl Into<Event>) -> Result<Planned, Error> {
        let event = event.into();
        let slice = self.engine.read(Query::Scope(event.scope())).await?.rows;
        let seen = self.engine.seen_by(event.namespace());
        let (commands, ()) = on_own(&slice, seen.as_deref(), |own| Ok((decide_whole(own, &event)?, ())))?;
        Ok(Planned { event, commands, read: rows_of(&slice) })
    }

    /// Commits plans, each deciding on what the ones before it leave behind, and further commands, in one transaction: all or nothing.
    ///
    /// # Errors
    /// `LV-T218` if a row that a plan was made on changed; what an operation refuses now, like a lease that was lost meanwhile.
    pub async fn commit(&self, plans: Vec<Planned>, further: Vec<Command>) -> Result<(), Error> {
        let scope = Scope::All(plans.iter().map(|plan| plan.event.scope()).collect());
        let seen = self.engine.seen_by(plans.iter().filter_map(|plan| plan.event.namespace()));
        let plan = move |slice: &State| {
            up_to_date(slice, &plans)?;
            on_own(slice, seen.as_deref(), |own| {
                let commands = joint(own, &plans, &further)?;
                let seen = metrics::observe(own, &commands);
                Ok((commands, seen))
            })
        };
        metrics::record(self.engine.store.transact(scope, plan).await?);
        Ok(())
    }
}

fn joint(slice: &State, plans: &[Planned], further: &[Command]) -> Result<Vec<Command>, Error> {
    let mut state = slice.clone();
    let mut all = Vec::new();
    for plan in plans {
        let commands = decide_whole(&state, &plan.event)?;
        apply_in_turn(&mut state, &commands)?;
        all.extend(commands);
    }
    all.extend_from_slice(further);
    Ok(all)
}

/// Whether the rows that the plans were made on are those that are there now: each as it was, none gone, none new.
fn up_to_date(slice: &State, plans: &[Planned]) -> Result<(), Error> {
    let now = rows_of(slice);
    let mut read = State::default();
    for plan in plans {
        // Two plans may have read one row at different times; each must have read the present one.
        let mut unchanged = now.clone();
        unchanged.merge(plan.read.clone());
        if unchanged != now {
            return Err(outdated());
        }
        read.merge(plan.read.clone());
    }
    if read == now { Ok(()) } else { Err(outdated()) }
}

fn outdated() -> Error {
    Error::new(codes::LV_T218, "plan is out of date: what it was made on changed").with_hint("plan again, then commit")
}

/// The rows of a slice without what belongs to its moment.
fn rows_of(slice: &State) -> State {
    let mut rows = State::default();
    slice.records().for_each(|record| rows.put(record));
    rows
}
