//! T-109: the same random history on all stores in a simulated world: the same answers and, after every step, the same rows as the rules
//! alone come to.

use levada_base::{Error, World};
use levada_store::{State, Store, canonical};
use levada_tasks::ring0::Ring0;
use levada_tasks::rules::{Event, decide};

use super::outcome::said;
use super::picture::{difference, picture};
use super::place::Place;
use crate::ring0::Case;

/// The rows are compared after every so many steps, and after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Every(pub usize);

/// Plays the history of a seed.
///
/// # Errors
/// The step after which a store differs from the rules alone, and in what.
pub async fn play(seed: u64, steps: usize, place: &Place, every: Every) -> Result<usize, String> {
    let case = Case::random(seed, steps);
    let trace = case.trace();
    let mut rules = Ring0::new(seed).with_inline_run_max(case.inline_run_max);
    let (world, clock) = World::sim(seed);
    let store = place.open(case.inline_run_max, world).await.map_err(|error| said(&error))?;
    for (at, (now_ms, event)) in trace.iter().enumerate() {
        let by_ms = now_ms - rules.now_ms();
        rules.advance(by_ms);
        clock.advance(std::time::Duration::from_millis(by_ms.unsigned_abs()));
        let expected = code(rules.replay(event).map(|_| ()));
        let owned = event.clone();
        let done = store.transact(event.scope(), move |rows: &State| Ok((decide(rows, &owned)?, ()))).await;
        let found = code(done);
        if expected != found {
            return Err(format!("seed {seed} step {at} {event:?}: answered {found}, the rules alone {expected}"));
        }
        if at % every.0 == 0 || at + 1 == trace.len() {
            let found = picture(&store.dump().await.map_err(|error| said(&error))?);
            let expected = picture(&canonical(rules.state().clone()));
            if let Some(lines) = difference(&expected, &found) {
                return Err(format!("seed {seed} step {at} {}:\n{lines}", named(event)));
            }
        }
    }
    Ok(trace.len())
}

fn code(result: Result<(), Error>) -> String {
    result.map_or_else(|error| error.code().to_string(), |()| "done".to_owned())
}

fn named(event: &Event) -> String {
    format!("{event:?}").chars().take(200).collect()
}
