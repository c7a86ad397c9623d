//! DROP: what is dropped is gone when the statement returns.

use levada_base::{Result, codes};
use levada_sql::{Dependants, Drop};

use super::existing::check_schema;
use super::{kind_of, with_notices};
use crate::core::{Core, Output};
use crate::outcome::{Notice, Outcome};

pub(super) fn execute(core: &mut Core, drop: &Drop) -> Result<Outcome> {
    let kind = kind_of(drop.kind);
    let cascade = drop.dependants == Dependants::Cascade;
    let mut notices = Vec::new();
    let (mut gone, mut along) = (Vec::new(), Vec::new());
    // All or nothing: the names are tried on a copy first.
    let mut trial = core.catalog.clone();
    for name in &drop.names {
        check_schema(name)?;
        if drop.if_exists && trial.get(&name.name).is_none() {
            let message = format!("{kind} \"{name}\" does not exist, nothing was dropped");
            notices.push(Notice { code: codes::LV_S906, message });
            continue;
        }
        let id = trial.find_kind(&name.name, kind).map_err(|error| error.at(name.position))?.id;
        let removed = trial.remove(id, cascade).map_err(|error| error.at(name.position))?;
        along.extend(
            removed.iter().filter(|object| object.id != id).map(|object| format!("{} \"{}\"", object.kind, object.name)),
        );
        gone.extend(removed.iter().map(|object| object.id));
    }
    core.catalog = trial;
    gone.into_iter().map(|id| core.forget(id)).fold(Ok(()), Result::and)?;
    let along = if along.is_empty() { String::new() } else { format!(", and with it {}", along.join(", ")) };
    Ok(with_notices(format!("DROP {}{along}", kind.keyword()), notices))
}

impl Core {
    /// Stops the job of an object, ends its subscriptions, lets its rows go.
    fn forget(&mut self, id: levada_base::ObjectId) -> Result<()> {
        self.contents.remove(&id);
        self.table_marks.remove(&id);
        self.sources.remove(&id);
        self.end_subscriptions(id);
        let Some(mut job) = self.jobs.remove(&id) else { return Ok(()) };
        for subscriber in job.subscribers.drain(..) {
            subscriber.dropped();
        }
        match &mut job.output {
            Output::Sink(sink) => sink.close(),
            Output::Stored | Output::Passing | Output::Subscriber { .. } => Ok(()),
        }
    }

    /// Subscriptions to a query or to a table are jobs without a name; they end with what they read.
    fn end_subscriptions(&mut self, id: levada_base::ObjectId) {
        let reads = |job: &crate::core::Job| job.inputs.iter().any(|(_, input)| *input == id);
        let nameless = self.jobs.iter().filter(|(own, job)| self.catalog.by_id(**own).is_none() && reads(job));
        let ending: Vec<_> = nameless.map(|(own, _)| *own).collect();
        for own in ending {
            for subscriber in self.jobs.remove(&own).into_iter().flat_map(|job| job.subscribers) {
                subscriber.dropped();
            }
        }
    }
}
