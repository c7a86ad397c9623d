//! Several calls at once: each has its own result, none sees half of another, and no change is lost.

use std::collections::BTreeSet;

use futures::future::join_all;
use levada_base::{Error, codes};

use super::build::{claimed, plain_execution, plain_run, route};
use super::refusals::code;
use crate::alphabets::{EventKind, KeyOf, LaneState, Phase};
use crate::conformance::compare::{ensure, equal};
use crate::conformance::random::any;
use crate::conformance::stage::{Stage, nothing, said};
use crate::conformance::{Dice, Factory, Suite, Verdict};
use crate::ids::{ExecutionId, RunId, Token};
use crate::rows::{Event, Execution, Lane, RequestKey, Run};
use crate::scope::{ClaimScope, DueKind, Scope};
use crate::state::{Command, State};
use crate::store::Store;

/// Calls that are made at once.
const CALLS: i32 = 64;
/// Rounds after which work that nobody took is called forgotten: a row that is locked by another call is passed over.
const ROUNDS_MAX: usize = 200;

pub(super) fn add<F: Factory>(suite: &mut Suite<F>) {
    suite.add("concurrency/own_results", own_results);
    suite.add("concurrency/results_of_other_types", other_types);
    suite.add("concurrency/failures_stay_alone", failures_stay_alone);
    suite.add("concurrency/no_update_is_lost/execution", execution_updates);
    suite.add("concurrency/no_update_is_lost/run", run_updates);
    suite.add("concurrency/no_update_is_lost/lane", lane_updates);
    suite.add("concurrency/no_update_is_lost/mixed", mixed_updates);
    suite.add("concurrency/claims_are_disjoint", claims);
    suite.add("concurrency/lane_limit_holds", lane_limit_holds);
    suite.add("concurrency/due_rows_are_taken_once", due);
    suite.add("concurrency/one_creates/key", one_creates_a_key);
    suite.add("concurrency/one_creates/execution", one_creates_an_execution);
    suite.add("concurrency/one_creates/run", one_creates_a_run);
    suite.add("concurrency/numbers_are_distinct", numbers_are_distinct);
}

async fn own_results<S: Store>(stage: Stage<S>) -> Verdict {
    let calls = (0..CALLS).map(|number| stage.transact(nothing(), move |_: &State| Ok((Vec::new(), number))));
    for (number, answer) in (0..).zip(join_all(calls).await) {
        equal("answer", &number, &answer.map_err(said)?)?;
    }
    Ok(())
}

async fn other_types<S: Store>(stage: Stage<S>) -> Verdict {
    let text = stage.transact(nothing(), |_: &State| Ok((Vec::new(), "text".to_owned())));
    let list = stage.transact(nothing(), |_: &State| Ok((Vec::new(), vec![1_u8, 2])));
    let unit = stage.transact(nothing(), |_: &State| Ok((Vec::new(), ())));
    let (text, list, unit) = futures::join!(text, list, unit);
    unit.map_err(said)?;
    equal("text", &"text".to_owned(), &text.map_err(said)?)?;
    equal("list", &vec![1, 2], &list.map_err(said)?)
}

async fn failures_stay_alone<S: Store>(mut stage: Stage<S>) -> Verdict {
    let now_ms = stage.now_ms();
    let row_of = move |number: i32| plain_execution(&mut Dice::new(number.unsigned_abs().into()), now_ms);
    let calls = (0..CALLS).map(|number| {
        stage.transact(nothing(), move |state: &State| {
            let mut row = Execution { seq: state.seq, ..row_of(number) };
            match number % 3 {
                1 => return Err(Error::new(codes::LV_T105, format!("call {number} is refused"))),
                // Breaks V-5.
                2 => row.attempt_no = -1,
                _ => {}
            }
            Ok((vec![Command::Put(row.clone().into())], row))
        })
    });
    let answers = join_all(calls).await;
    for (number, answer) in (0..).zip(answers) {
        match (number % 3, answer) {
            (0, Ok(row)) => stage.remember(&[Command::Put(row.into())])?,
            (1, Err(error)) if error.message() == format!("call {number} is refused") => {}
            (2, Err(error)) if code(&error) == codes::LV_T901.name() => {}
            (_, answer) => return Err(format!("call {number} was answered with {answer:?}")),
        }
    }
    stage.same_as_model("after good and bad calls").await
}

async fn execution_updates<S: Store>(mut stage: Stage<S>) -> Verdict {
    let row = plain_execution(&mut Dice::new(1), stage.now_ms());
    let id = row.id;
    stage.load(State { executions: [(id, row)].into(), ..State::default() }).await?;
    let calls = (0..CALLS).map(|_| {
        stage.transact(Scope::Executions(vec![id]), move |state: &State| {
            let row = state.executions.get(&id).ok_or_else(|| Error::internal("the execution is gone"))?;
            Ok((vec![Command::Put(Execution { fence: row.fence + 1, ..row.clone() }.into())], row.fence))
        })
    });
    each_saw_another(join_all(calls).await)
}

async fn run_updates<S: Store>(mut stage: Stage<S>) -> Verdict {
    let run = Run { revision: 0, ..plain_run(&mut Dice::new(2), stage.now_ms()) };
    let id = run.id;
    stage.load(State { runs: [(id, run)].into(), ..State::default() }).await?;
    let calls = (0..CALLS).map(|_| stage.transact(Scope::Run(id), move |state: &State| next_revision(state, id)));
    each_saw_another(join_all(calls).await)
}

fn next_revision(state: &State, id: RunId) -> Result<(Vec<Command>, i64), Error> {
    let run = state.runs.get(&id).ok_or_else(|| Error::internal("the run is gone"))?;
    Ok((vec![Command::Put(Run { revision: run.revision + 1, ..run.clone() }.into())], run.revision))
}

async fn lane_updates<S: Store>(mut stage: Stage<S>) -> Verdict {
    let lane = Lane { name: "bulk".to_owned(), state: LaneState::Open, max_active: Some(0), changed_ms: 0 };
    stage.commit(nothing(), vec![Command::Put(lane.into())]).await?;
    let calls = (0..CALLS).map(|_| {
        stage.transact(Scope::Lanes(vec!["bulk".to_owned()]), |state: &State| {
            let lane = state.lanes.get("bulk").ok_or_else(|| Error::internal("the lane is gone"))?;
            let before = lane.max_active.unwrap_or(0);
            Ok((vec![Command::Put(Lane { max_active: Some(before + 1), ..lane.clone() }.into())], i64::from(before)))
        })
    });
    each_saw_another(join_all(calls).await)
}

/// Calls that may be merged and calls that may not, on one run whose member ends drag the run along.
async fn mixed_updates<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut dice = Dice::new(3);
    let run = Run { revision: 0, members: 1, ..plain_run(&mut dice, stage.now_ms()) };
    let mut member = plain_execution(&mut dice, stage.now_ms());
    member.run_id = Some(run.id);
    let (id, member_id) = (run.id, member.id);
    stage.load(State { runs: [(id, run)].into(), executions: [(member_id, member)].into(), ..State::default() }).await?;
    let calls = (0..CALLS).map(|number| {
        let scope = if number % 2 == 0 { Scope::WholeRun(id) } else { Scope::Executions(vec![member_id]) };
        stage.transact(scope, move |state: &State| next_revision(state, id))
    });
    each_saw_another(join_all(calls).await)
}

/// So many calls that each add one have seen every number once.
fn each_saw_another(answers: Vec<Result<i64, Error>>) -> Verdict {
    let seen = answers.into_iter().collect::<Result<BTreeSet<_>, _>>().map_err(said)?;
    let lost = i64::from(CALLS) - i64::try_from(seen.len()).unwrap_or(0);
    ensure(lost == 0, || format!("{lost} of {CALLS} changes were lost"))
}

/// Executions of one lane that can be claimed.
fn ready(dice: &mut Dice, count: i64, now_ms: i64) -> State {
    let mut state = State::default();
    state.put(route(1, "alpha", "bulk", "").into());
    for seq in 0..count {
        state.put(Execution { route_id: 1, seq, ..plain_execution(dice, now_ms) }.into());
    }
    state
}

/// Claims that come at once share the room that the lane has.
async fn lane_limit_holds<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut dice = Dice::new(8);
    let mut state = ready(&mut dice, 40, stage.now_ms());
    state.put(Lane { name: "bulk".to_owned(), state: LaneState::Open, max_active: Some(5), changed_ms: 0 }.into());
    stage.load(state).await?;
    for _ in 0..4 {
        let calls = (0..16).map(|caller| claim(&stage, Token(dice.id()), format!("i-{caller}")));
        join_all(calls).await.into_iter().collect::<Result<Vec<_>, _>>().map_err(said)?;
    }
    let dump = stage.store.dump().await.map_err(said)?;
    equal("active in the lane", &5, &dump.executions.values().filter(|row| row.phase == Phase::Active).count())
}

async fn claims<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut dice = Dice::new(4);
    let state = ready(&mut dice, 96, stage.now_ms());
    stage.load(state).await?;
    let mut taken = BTreeSet::new();
    for _ in 0..ROUNDS_MAX {
        let answers = join_all((0..16).map(|caller| claim(&stage, Token(dice.id()), format!("i-{caller}")))).await;
        for id in answers.into_iter().collect::<Result<Vec<_>, _>>().map_err(said)?.concat() {
            ensure(taken.insert(id), || format!("{id} was claimed twice"))?;
        }
        if taken.len() == 96 {
            return Ok(());
        }
    }
    Err(format!("{} of 96 were claimed in {ROUNDS_MAX} rounds", taken.len()))
}

async fn claim<S: Store>(stage: &Stage<S>, token: Token, instance: String) -> Result<Vec<ExecutionId>, Error> {
    let scope = ClaimScope {
        lanes: vec!["bulk".to_owned()],
        namespaces: None,
        capabilities: Vec::new(),
        limit: 3,
        instance: instance.clone(),
        token,
    };
    let plan = move |state: &State| {
        let offered = state.candidates.iter().filter_map(|id| state.executions.get(id));
        // A call merged before this one may have taken it.
        let free = offered.filter(|row| row.phase == Phase::Runnable).take(room(state).min(3));
        let rows: Vec<_> = free.map(|row| claimed(row, &instance, token, state.now_ms + 30_000)).collect();
        let ids = rows.iter().map(|row| row.id).collect();
        Ok((rows.into_iter().map(|row| Command::Put(row.into())).collect(), ids))
    };
    stage.transact(Scope::Claim(scope), plan).await
}

/// How many more the lane takes.
fn room(state: &State) -> usize {
    let max_active = state.lanes.get("bulk").and_then(|lane| lane.max_active);
    let active = state.active_in_lane.get("bulk").copied().unwrap_or(0);
    max_active.map_or(usize::MAX, |max| usize::try_from(i64::from(max) - active).unwrap_or(0))
}

async fn due<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut dice = Dice::new(5);
    let mut state = State::default();
    for seq in 0..60 {
        let row = Execution { seq, ..plain_execution(&mut dice, stage.now_ms()) };
        state.put(claimed(&row, "i-1", Token(dice.id()), stage.now_ms() - 1 - seq % 7).into());
    }
    stage.load(state).await?;
    let mut taken = BTreeSet::new();
    for _ in 0..ROUNDS_MAX {
        for id in
            join_all((0..8).map(|_| expire(&stage))).await.into_iter().collect::<Result<Vec<_>, _>>().map_err(said)?.concat()
        {
            ensure(taken.insert(id), || format!("the lease of {id} expired twice"))?;
        }
        if taken.len() == 60 {
            return Ok(());
        }
    }
    Err(format!("{} of 60 leases expired in {ROUNDS_MAX} rounds", taken.len()))
}

async fn expire<S: Store>(stage: &Stage<S>) -> Result<Vec<ExecutionId>, Error> {
    let plan = |state: &State| {
        let rows = state.executions.values().map(|row| Execution {
            phase: Phase::Runnable,
            fence: row.fence + 1,
            lease_id: None,
            worker: None,
            instance: None,
            lease_until_ms: None,
            lease_ttl_ms: None,
            ..row.clone()
        });
        Ok((rows.map(|row| Command::Put(row.into())).collect(), state.executions.keys().copied().collect()))
    };
    stage.transact(Scope::Due(DueKind::Lease, 5.into()), plan).await
}

/// A creator that finds nothing creates; however many come at once, one does.
async fn one_creates<S: Store>(
    stage: &Stage<S>,
    scope: Scope,
    make: impl Fn(&State) -> Vec<Command> + Clone + Send + 'static,
) -> Verdict {
    let calls = (0..CALLS).map(|_| {
        let make = make.clone();
        stage.transact(scope.clone(), move |state: &State| {
            let there = state.records().next().is_some();
            Ok((if there { Vec::new() } else { make(state) }, !there))
        })
    });
    let created = join_all(calls).await.into_iter().collect::<Result<Vec<_>, _>>().map_err(said)?;
    equal("calls that created", &1, &created.into_iter().filter(|created| *created).count())
}

async fn one_creates_a_key<S: Store>(stage: Stage<S>) -> Verdict {
    let (namespace, key) = ("alpha".to_owned(), "order 7".to_owned());
    let scope = Scope::Key(namespace.clone(), key.clone());
    let now_ms = stage.now_ms();
    let made = RequestKey {
        namespace,
        key,
        of: KeyOf::Execution,
        target: ExecutionId(9),
        digest: 1,
        expires_ms: now_ms + 60_000,
        look_ms: now_ms + 60_000,
    };
    one_creates(&stage, scope, move |_| vec![Command::Put(made.clone().into())]).await
}

async fn one_creates_an_execution<S: Store>(stage: Stage<S>) -> Verdict {
    let made = plain_execution(&mut Dice::new(6), stage.now_ms());
    let scope = Scope::Executions(vec![made.id]);
    one_creates(&stage, scope, move |state| vec![Command::Put(Execution { seq: state.seq, ..made.clone() }.into())]).await
}

async fn one_creates_a_run<S: Store>(stage: Stage<S>) -> Verdict {
    let made = plain_run(&mut Dice::new(7), stage.now_ms());
    one_creates(&stage, Scope::Run(made.id), move |_| vec![Command::Put(made.clone().into())]).await
}

/// Two transactions with one number would write one event.
async fn numbers_are_distinct<S: Store>(stage: Stage<S>) -> Verdict {
    let now_ms = stage.now_ms();
    let calls = (0..CALLS).map(|number| {
        stage.transact(nothing(), move |state: &State| {
            let event: Event = any(&mut Dice::new(number.unsigned_abs().into()), now_ms);
            let event = Event { id: state.seq, kind: EventKind::Claimed, at_ms: now_ms, ..event };
            Ok((vec![Command::Put(event.into())], state.seq))
        })
    });
    let numbers = join_all(calls).await.into_iter().collect::<Result<BTreeSet<_>, _>>().map_err(said)?;
    equal("distinct numbers", &usize::try_from(CALLS).unwrap_or(0), &numbers.len())?;
    let dump = stage.store.dump().await.map_err(said)?;
    equal("events", &numbers.len(), &dump.events.len())
}
