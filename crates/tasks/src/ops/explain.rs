//! Why an execution or a run is not over.

use levada_base::{Error, Kind};
use levada_store::{Query, State, Store, Subject};

use super::Tasks;
use crate::rules;
use crate::rules::explain::{Reasons, View};

impl<S: Store> Tasks<S> {
    /// Why an execution or a run is not over: a tree of reasons, each with who acts next and the call that ends it; of what is over, how it
    /// ended. It takes no locks, reads one moment, and costs the same few statements for every graph: long lists end with a count.
    ///
    /// A store that does not answer is a reason too, so that whoever asks in an outage is told of the outage.
    ///
    /// # Errors
    /// `LV-T002` if there is no such execution or run; what the store says if its data is damaged.
    pub async fn explain(&self, what: Subject) -> Result<Reasons, Error> {
        let page = match self.engine.read(Query::Reasons(what)).await {
            Err(error) if error.kind() == Kind::Unavailable => {
                return Ok(Reasons::of_outage(what, self.engine.about_now(), &error));
            }
            page => page?,
        };
        let rows = page.rows;
        if !self.serves_subject(&rows, what) {
            return Err(unknown(what));
        }
        let view = View { rows: &rows, counts: &page.counts, now_ms: rows.now_ms };
        view.explain(what).ok_or_else(|| unknown(what))
    }

    fn serves_subject(&self, rows: &State, what: Subject) -> bool {
        let namespace = match what {
            Subject::Execution(id) => rows.executions.get(&id).map(|row| &row.namespace),
            Subject::Run(id) => rows.runs.get(&id).map(|row| &row.namespace),
        };
        namespace.is_some_and(|name| self.engine.settings.serves(name))
    }
}

fn unknown(what: Subject) -> Error {
    match what {
        Subject::Execution(id) => rules::unknown("execution", id),
        Subject::Run(id) => rules::unknown("run", id),
    }
}
