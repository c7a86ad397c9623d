//! Events that are committed together with others: all of an event or nothing.

use levada_base::Error;
use levada_store::{Command, State};

use super::{Event, Rule, answer, decide};

/// What follows from an event if all of it is possible. Where an operation answers item by item, the first item that is refused
/// refuses the whole.
///
/// # Errors
/// What the event's rules refuse, of the event or of an item.
pub(crate) fn decide_whole(state: &State, event: &Event) -> Result<Vec<Command>, Error> {
    match event {
        Event::CompleteExecutions(event) => whole(state, event, |(results, _)| first_error(results)),
        Event::FailExecutions(event) => whole(state, event, |(results, _)| first_error(results)),
        Event::SkipExecutions(event) => whole(state, event, first_error),
        Event::DelayExecutions(event) => whole(state, event, first_error),
        Event::RenewLeases(event) => whole(state, event, first_error),
        Event::RecordProgress(event) => whole(state, event, first_error),
        event => decide(state, event),
    }
}

fn whole<R: Rule>(state: &State, event: &R, refused: impl FnOnce(R::Answer) -> Option<Error>) -> Result<Vec<Command>, Error> {
    let (commands, answer) = answer(state, event)?;
    refused(answer).map_or(Ok(commands), Err)
}

fn first_error<T>(results: Vec<Result<T, Error>>) -> Option<Error> {
    results.into_iter().find_map(Result::err)
}
