//! A list of commands means what applying them one after the other means, and everything about a run or an execution goes with it.

use super::build::{plain_execution, scope_of};
use crate::alphabets::AttemptState;
use crate::conformance::compare::ensure;
use crate::conformance::random::{self, any};
use crate::conformance::stage::{Stage, nothing};
use crate::conformance::variants::changed;
use crate::conformance::{Dice, Factory, Suite, Verdict, mutated};
use crate::ids::{ExecutionId, RunId};
use crate::rows::{Attempt, Input, Row, ScheduleFire, Tag};
use crate::state::{Command, Record, RecordKey, State};
use crate::store::Store;

pub(super) fn add<F: Factory>(suite: &mut Suite<F>) {
    for seed in super::SEEDS {
        suite.add(format!("commands/delete_run/{seed}"), move |stage| delete_runs(stage, seed));
        suite.add(format!("commands/delete_run_of_a_schedule/{seed}"), move |stage| delete_scheduled_runs(stage, seed));
        suite.add(format!("commands/delete_execution/{seed}"), move |stage| delete_executions(stage, seed));
        suite.add(format!("commands/forget_events/{seed}"), move |stage| forget_events(stage, seed));
        suite.add(format!("commands/to_changed/{seed}"), move |stage| to_changed(stage, seed));
        suite.add(format!("commands/to_other/{seed}"), move |stage| to_other(stage, seed));
        suite.add(format!("commands/history/{seed}"), move |stage| history(stage, seed));
    }
    suite.add("commands/none", no_commands);
    suite.add("commands/last_put_wins", last_put_wins);
    suite.add("commands/first_insert_wins", first_insert_wins);
    suite.add("commands/put_then_delete", put_then_delete);
    suite.add("commands/delete_then_put", delete_then_put);
    suite.add("commands/put_then_delete_execution", put_then_delete_execution);
    suite.add("commands/close_and_begin_an_attempt", close_and_begin);
    suite.add("commands/many_rows", many_rows);
}

async fn loaded<S: Store>(stage: &mut Stage<S>, seed: u64) -> Verdict {
    stage.load(random::state(seed, stage.now_ms())).await
}

async fn delete_runs<S: Store>(mut stage: Stage<S>, seed: u64) -> Verdict {
    loaded(&mut stage, seed).await?;
    let mut runs: Vec<_> = stage.model.runs.keys().copied().step_by(2).collect();
    runs.push(RunId(1));
    stage.commit(nothing(), runs.iter().copied().map(Command::DeleteRun).collect()).await?;
    stage.same_as_model("after deleting runs").await
}

/// One after the other and together: a schedule's fires go with their runs, in any order, but for the latest.
async fn delete_scheduled_runs<S: Store>(mut stage: Stage<S>, seed: u64) -> Verdict {
    loaded(&mut stage, seed).await?;
    let mut dice = Dice::new(seed);
    let runs: Vec<_> = stage.model.runs.keys().copied().collect();
    let schedules: Vec<_> = stage.model.schedules.keys().copied().collect();
    let now_ms = stage.now_ms();
    let fires = (0..24).map(|number| ScheduleFire {
        schedule_id: *dice.pick(&schedules),
        nominal_ms: now_ms - number * 60_000,
        run_id: if dice.chance(15) { RunId(1) } else { *dice.pick(&runs) },
        fired_ms: now_ms,
        missed: 0,
    });
    let puts: Vec<_> = fires.map(|fire| Command::Put(fire.into())).collect();
    stage.commit(nothing(), puts).await?;
    let mut left = runs;
    while !left.is_empty() {
        let some = left.split_off(left.len().saturating_sub(1 + usize::from(dice.chance(50))));
        stage.commit(nothing(), some.into_iter().rev().map(Command::DeleteRun).collect()).await?;
        stage.same_as_model("after deleting runs of schedules").await?;
    }
    let latest = stage.model.schedule_fires.keys().map(|key| key.0).collect::<Vec<_>>();
    ensure(latest.windows(2).all(|two| two[0] != two[1]), || format!("fires without runs are left: {latest:?}"))
}

async fn delete_executions<S: Store>(mut stage: Stage<S>, seed: u64) -> Verdict {
    loaded(&mut stage, seed).await?;
    let alone = stage.model.executions.values().filter(|row| row.run_id.is_none());
    let mut ids: Vec<_> = alone.map(|row| row.id).step_by(2).collect();
    ids.push(ExecutionId(1));
    stage.commit(nothing(), ids.into_iter().map(Command::DeleteExecution).collect()).await?;
    stage.same_as_model("after deleting executions").await
}

async fn forget_events<S: Store>(mut stage: Stage<S>, seed: u64) -> Verdict {
    loaded(&mut stage, seed).await?;
    let mut times: Vec<_> = stage.model.events.values().map(|event| event.at_ms).collect();
    times.sort_unstable();
    // Exactly at the time of an event: that one stays.
    let before = times.get(times.len() / 2).copied().unwrap_or(0);
    stage.commit(nothing(), vec![Command::ForgetEvents { before_ms: before, span_ms: 3_600_000 }]).await?;
    stage.same_as_model("after deleting old events").await
}

async fn to_changed<S: Store>(mut stage: Stage<S>, seed: u64) -> Verdict {
    loaded(&mut stage, seed).await?;
    for step in 1..4 {
        let commands = stage.model.commands_to(&mutated(&stage.model, seed * 10 + step));
        stage.commit(scope_of(&stage.model, &commands), commands).await?;
        stage.same_as_model("after changes").await?;
    }
    Ok(())
}

async fn to_other<S: Store>(mut stage: Stage<S>, seed: u64) -> Verdict {
    loaded(&mut stage, seed).await?;
    // A state of other ids: everything goes, everything comes. Numbers go on from where they are.
    let mut other = State::default();
    let first = stage.model.seq;
    crate::conformance::stage::numbered(&random::state(seed + 50, stage.now_ms()), first)
        .into_iter()
        .for_each(|row| other.put(row));
    let commands = stage.model.commands_to(&other);
    stage.commit(nothing(), commands).await?;
    stage.same_as_model("after everything changed").await
}

/// Puts and deletes of few rows in random order, many in one transaction.
async fn history<S: Store>(mut stage: Stage<S>, seed: u64) -> Verdict {
    loaded(&mut stage, seed).await?;
    let mut dice = Dice::new(seed);
    let donors: Vec<_> = stage.model.records().filter(|row| !matches!(row, Record::Event(_) | Record::Attempt(_))).collect();
    let tags: Vec<_> = stage.model.tags.keys().cloned().collect();
    for step in 0..6 {
        let mut commands = Vec::new();
        for number in 0..12 {
            let row = dice.pick(&donors);
            let same: Vec<_> = donors.iter().filter(|other| other.table() == row.table()).cloned().collect();
            let mut row = changed(row, dice.pick(&same));
            if let Record::Execution(row) = &mut row {
                // Rows that an earlier list changed already: fences and generations never fall.
                row.fence += 100 * (12 * step + number + 1);
                row.generation = i32::MAX;
            }
            commands.push(if dice.chance(25) {
                Command::Delete(RecordKey::Tag(dice.pick(&tags).clone()))
            } else {
                Command::Put(row)
            });
        }
        stage.commit(scope_of(&stage.model, &commands), commands).await?;
        stage.same_as_model("after a random list").await?;
    }
    Ok(())
}

async fn no_commands<S: Store>(mut stage: Stage<S>) -> Verdict {
    loaded(&mut stage, 1).await?;
    stage.commit(nothing(), Vec::new()).await?;
    stage.same_as_model("after nothing").await
}

fn tag(value: &str) -> Tag {
    Tag { owner: ExecutionId(5), key: "team".to_owned(), namespace: "alpha".to_owned(), value: value.to_owned() }
}

fn input(bytes: &[u8]) -> Input {
    let length = i64::try_from(bytes.len()).unwrap_or(0);
    Input { execution_id: ExecutionId(5), storage: crate::alphabets::Storage::Inline, length, bytes: bytes.to_vec() }
}

/// Merged calls may put one row twice.
async fn last_put_wins<S: Store>(mut stage: Stage<S>) -> Verdict {
    let puts = ["one", "two", "three"].map(|value| Command::Put(tag(value).into()));
    stage.commit(nothing(), puts.to_vec()).await?;
    stage.same_as_model("a row put three times").await
}

async fn first_insert_wins<S: Store>(mut stage: Stage<S>) -> Verdict {
    let puts = [b"one", b"two"].map(|bytes| Command::Put(input(bytes).into()));
    stage.commit(nothing(), puts.to_vec()).await?;
    stage.same_as_model("a row inserted twice at once").await?;
    let key = input(b"").key();
    let replaced = vec![Command::Delete(RecordKey::Input(key)), Command::Put(input(b"three").into())];
    stage.commit(nothing(), replaced).await?;
    stage.same_as_model("a row deleted and inserted").await
}

async fn put_then_delete<S: Store>(mut stage: Stage<S>) -> Verdict {
    let commands = vec![Command::Put(tag("one").into()), Command::Delete(RecordKey::Tag(tag("").key()))];
    stage.commit(nothing(), commands).await?;
    stage.same_as_model("a row put and deleted").await
}

async fn delete_then_put<S: Store>(mut stage: Stage<S>) -> Verdict {
    stage.commit(nothing(), vec![Command::Put(tag("one").into())]).await?;
    let commands = vec![Command::Delete(RecordKey::Tag(tag("").key())), Command::Put(tag("two").into())];
    stage.commit(nothing(), commands).await?;
    stage.same_as_model("a row deleted and put").await
}

async fn put_then_delete_execution<S: Store>(mut stage: Stage<S>) -> Verdict {
    let row = plain_execution(&mut Dice::new(1), stage.now_ms());
    let id = row.id;
    let own = Input { execution_id: id, ..input(b"gone") };
    let commands = vec![Command::Put(row.into()), Command::Put(own.into()), Command::DeleteExecution(id)];
    stage.commit(nothing(), commands).await?;
    stage.same_as_model("an execution put and deleted").await
}

/// A worker's call that ends an attempt may share its transaction with the claim that begins the next.
async fn close_and_begin<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut dice = Dice::new(2);
    let mut first: Attempt = any(&mut dice, stage.now_ms());
    (first.attempt_no, first.state) = (1, AttemptState::Running);
    let closed = Attempt { state: AttemptState::Failed, ..first.clone() };
    let second = Attempt { attempt_no: 2, ..first.clone() };
    stage.commit(nothing(), vec![Command::Put(first.into())]).await?;
    stage.commit(nothing(), vec![Command::Put(closed.into()), Command::Put(second.into())]).await?;
    stage.same_as_model("one attempt closed, the next begun").await
}

async fn many_rows<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut dice = Dice::new(3);
    let mut state = State::default();
    for seq in 0..3_000 {
        let mut row = plain_execution(&mut dice, stage.now_ms());
        row.seq = seq;
        state.put(Input { execution_id: row.id, ..input(b"some bytes") }.into());
        state.put(row.into());
    }
    stage.load(state).await?;
    stage.same_as_model("six thousand rows in one transaction").await
}
