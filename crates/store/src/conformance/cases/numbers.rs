//! Numbers and time only rise, whatever is deleted and wherever the clock is turned; and a store knows its own name.

use std::time::Duration;

use super::build::plain_execution;
use crate::alphabets::EventKind;
use crate::conformance::compare::{ensure, equal};
use crate::conformance::random::any;
use crate::conformance::stage::{Stage, nothing, said};
use crate::conformance::{Dice, Factory, Suite, Time, Verdict};
use crate::rows::{Event, Execution};
use crate::scope::Scope;
use crate::state::{Command, RecordKey, State};
use crate::store::Store;

pub(super) fn add<F: Factory>(suite: &mut Suite<F>) {
    suite.add("numbers/rise", rise);
    suite.add("numbers/rise_after_deletes", rise_after_deletes);
    suite.add("numbers/leave_room_for_many", many_of_one_transaction);
    suite.add("instance/stays", instance_stays);
    suite.add("time/is_one", time_is_one);
    if suite.time == Time::Simulated {
        suite.add("time/follows_the_clock", time_follows);
        suite.add("time/never_goes_back", time_never_goes_back);
    }
}

fn event(id: i64, at_ms: i64) -> Event {
    Event { id, at_ms, kind: EventKind::Ended, ..any(&mut Dice::new(1), at_ms) }
}

/// Puts an event and an execution under the next numbers and returns the first.
async fn numbered<S: Store>(stage: &Stage<S>, count: i64) -> Result<i64, String> {
    let now_ms = stage.now_ms();
    let plan = move |state: &State| {
        let mut dice = Dice::new(state.seq.unsigned_abs());
        let mut commands = Vec::new();
        for number in 0..count {
            commands.push(Command::Put(event(state.seq + 2 * number, now_ms).into()));
            let row = Execution { seq: state.seq + 2 * number + 1, ..plain_execution(&mut dice, now_ms) };
            commands.push(Command::Put(row.into()));
        }
        Ok((commands, state.seq))
    };
    stage.transact(nothing(), plan).await.map_err(said)
}

async fn rise<S: Store>(stage: Stage<S>) -> Verdict {
    let mut last = i64::MIN;
    for _ in 0..20 {
        let first = numbered(&stage, 3).await?;
        ensure(first > last, || format!("number {first} follows {last}"))?;
        last = first + 5;
    }
    Ok(())
}

async fn rise_after_deletes<S: Store>(stage: Stage<S>) -> Verdict {
    let mut last = i64::MIN;
    for _ in 0..5 {
        let first = numbered(&stage, 1).await?;
        ensure(first > last, || format!("number {first} follows {last}, whose rows are gone"))?;
        last = first + 1;
        let plan = move |state: &State| {
            let executions = state.executions.keys().map(|id| Command::DeleteExecution(*id));
            let event = Command::Delete(RecordKey::Event(first));
            Ok((executions.chain([event]).collect(), ()))
        };
        let dump = stage.store.dump().await.map_err(said)?;
        let ids = dump.executions.keys().copied().collect();
        stage.transact(Scope::Executions(ids), plan).await.map_err(said)?;
    }
    equal("rows left", &0, &stage.store.dump().await.map_err(said)?.records().count())
}

async fn many_of_one_transaction<S: Store>(stage: Stage<S>) -> Verdict {
    let first = numbered(&stage, 2_000).await?;
    let next = numbered(&stage, 1).await?;
    ensure(next >= first + 4_000, || format!("4000 numbers from {first} on were used, but {next} is said to be free"))?;
    equal("events", &2_001, &stage.store.dump().await.map_err(said)?.events.len())
}

async fn instance_stays<S: Store>(stage: Stage<S>) -> Verdict {
    let before = stage.store.instance();
    numbered(&stage, 1).await?;
    equal("instance", &before, &stage.store.instance())
}

/// Plans, readers and callers are told one time, which does not go back.
async fn time_is_one<S: Store>(stage: Stage<S>) -> Verdict {
    let mut last = 0;
    for _ in 0..10 {
        let page = stage.store.read(crate::Query::Lanes).await.map_err(said)?;
        let (slice, now) = (stage.slice(&nothing()).await?.now_ms, stage.store.now().await.map_err(said)?);
        ensure(last <= page.rows.now_ms, || format!("a reader is told {} after {last}", page.rows.now_ms))?;
        ensure(page.rows.now_ms <= slice, || format!("a plan is told {slice} after {}", page.rows.now_ms))?;
        ensure(slice <= now, || format!("a caller is told {now} after {slice}"))?;
        last = now;
    }
    Ok(())
}

async fn time_follows<S: Store>(stage: Stage<S>) -> Verdict {
    for ms in [0, 1, 999, 86_400_000] {
        stage.advance(Duration::from_millis(ms));
        equal("now", &stage.now_ms(), &stage.store.now().await.map_err(said)?)?;
        equal("now of a plan", &stage.now_ms(), &stage.slice(&nothing()).await?.now_ms)?;
    }
    Ok(())
}

/// ST-20, ST-21: a clock that is turned back neither turns store time nor stops it.
async fn time_never_goes_back<S: Store>(stage: Stage<S>) -> Verdict {
    let mut highest = stage.slice(&nothing()).await?.now_ms;
    for hours in [1, 24] {
        if let Some(clock) = &stage.clock {
            clock.turn_back(Duration::from_secs(3_600 * hours));
        }
        equal("now", &highest, &stage.store.now().await.map_err(said)?)?;
        equal("now of a plan", &highest, &stage.slice(&nothing()).await?.now_ms)?;
        stage.advance(Duration::from_millis(30_005));
        highest += 30_005;
        equal("now, 30 s later", &highest, &stage.slice(&nothing()).await?.now_ms)?;
    }
    Ok(())
}
