//! All or nothing: a plan that fails, or a row that breaks a rule, changes nothing and wakes nobody.

use levada_base::{Code, Error, codes};

use super::build::{plain_execution, plain_run};
use crate::alphabets::{Cause, Hold, Outcome, Phase};
use crate::conformance::compare::{ensure, equal};
use crate::conformance::random;
use crate::conformance::stage::{Stage, nothing, said, told};
use crate::conformance::{Dice, Factory, Suite, Verdict};
use crate::ids::Token;
use crate::rows::Execution;
use crate::scope::Scope;
use crate::state::{Command, State};
use crate::store::Store;
use crate::wake::Wake;

type Spoil = fn(&mut Execution);

/// How a row breaks a rule.
const SPOILED: &[(&str, &str, Spoil)] = &[
    ("V-1", "hold_while_staged", |row| (row.phase, row.hold) = (Phase::Staged, Hold::Edges)),
    ("V-1", "outcome_before_the_end", |row| row.outcome = Some(Outcome::Failed)),
    ("V-1", "cause_before_the_end", |row| row.cause = Some(Cause::Worker)),
    ("V-1", "end_time_before_the_end", |row| row.ended_ms = Some(1)),
    ("V-1", "end_without_outcome", |row| (row.phase, row.cause, row.ended_ms) = (Phase::Ended, Some(Cause::Worker), Some(1))),
    ("V-1", "end_without_cause", |row| {
        (row.phase, row.outcome, row.ended_ms) = (Phase::Ended, Some(Outcome::Failed), Some(1));
    }),
    ("V-1", "cancelled_by_call_before_the_end", |row| row.cancelled_by_call = true),
    ("V-1", "cancelled_by_call_for_another_cause", |row| {
        ended(row);
        row.cancelled_by_call = true;
    }),
    ("V-2", "active_without_lease", |row| (row.phase, row.attempt_no, row.fence) = (Phase::Active, 1, 1)),
    ("V-2", "lease_while_runnable", |row| row.lease_id = Some(Token(1))),
    ("V-2", "worker_while_runnable", |row| row.worker = Some("worker".to_owned())),
    ("V-2", "lease_time_while_runnable", |row| row.lease_until_ms = Some(1)),
    ("V-3", "time_hold_without_time", |row| row.hold = Hold::Time),
    ("V-3", "limit_without_name", |row| (row.hold, row.recheck_ms) = (Hold::Quota, Some(1))),
    ("V-3", "limit_without_recheck", |row| (row.hold, row.hold_ref) = (Hold::Budget, Some("budget".to_owned()))),
    ("V-4", "staged_after_an_attempt", |row| (row.phase, row.attempt_no, row.fence) = (Phase::Staged, 1, 1)),
    ("V-4", "suspended_before_an_attempt", |row| row.phase = Phase::Suspended),
    ("V-5", "fence_below_attempts", |row| (row.attempt_no, row.fence) = (8, 7)),
    ("V-5", "negative_attempt", |row| row.attempt_no = -1),
    ("V-6", "due_after_the_end", |row| {
        ended(row);
        row.due_ms = Some(1);
    }),
    ("V-6", "recheck_after_the_end", |row| {
        ended(row);
        row.recheck_ms = Some(1);
    }),
    ("V-6", "attempt_deadline_after_the_end", |row| {
        ended(row);
        row.attempt_deadline_ms = Some(1);
    }),
    ("V-6", "deadline_after_the_end", |row| {
        ended(row);
        row.deadline_ms = Some(1);
    }),
];

/// What a change must not do.
const FALLEN: &[(&str, Spoil)] = &[
    ("fence_falls", |row| row.fence -= 1),
    ("generation_falls", |row| row.generation -= 1),
    ("creation_order_falls", |row| row.seq -= 1),
];

fn ended(row: &mut Execution) {
    (row.phase, row.outcome, row.cause, row.ended_ms) = (Phase::Ended, Some(Outcome::Failed), Some(Cause::Worker), Some(1));
}

pub(super) fn add<F: Factory>(suite: &mut Suite<F>) {
    for (rule, name, spoil) in SPOILED {
        suite.add(format!("refusals/{rule}/{name}"), move |stage| new_row(stage, rule, *spoil));
    }
    for (name, spoil) in FALLEN {
        suite.add(format!("refusals/V-5/{name}"), move |stage| changed_row(stage, *spoil));
    }
    suite.add("refusals/E-11/run_without_lock", run_without_lock);
    suite.add("refusals/plan_fails", plan_fails);
    suite.add("refusals/plan_fails_after_reading", plan_fails_after_reading);
}

/// The commands around the broken one are good; none of them happens. Afterwards the store works as before.
async fn refused<S: Store>(stage: &mut Stage<S>, scope: Scope, broken: Vec<Command>, rule: &str) -> Verdict {
    let mut good = Dice::new(77);
    let (before, after) = (plain_execution(&mut good, stage.now_ms()), plain_execution(&mut good, stage.now_ms()));
    let commands: Vec<_> =
        [Command::Put(before.into())].into_iter().chain(broken).chain([Command::Put(after.into())]).collect();
    let mut wakes = stage.store.wake();
    let outcome = stage.transact(scope, move |state: &State| Ok((renumbered(&commands, state.seq), ()))).await;
    let error = outcome.err().ok_or_else(|| format!("a list that breaks {rule} was committed"))?;
    equal("code", &codes::LV_T901.name(), &error.code().name())?;
    equal("rule", &Some(&("rule", rule.to_owned())), &error.details().first())?;
    nothing_happened(stage, &told(&mut wakes)).await
}

async fn nothing_happened<S: Store>(stage: &mut Stage<S>, wakes: &[Wake]) -> Verdict {
    ensure(wakes.iter().all(|wake| *wake == Wake::All), || format!("a refused call woke {wakes:?}"))?;
    stage.same_as_model("after a refusal").await?;
    let mut row = plain_execution(&mut Dice::new(78), stage.now_ms());
    row.seq = stage.slice(&nothing()).await?.seq;
    stage.commit(nothing(), vec![Command::Put(row.into())]).await?;
    stage.same_as_model("the call after a refusal").await
}

/// New executions get a number; those that are there keep theirs.
fn renumbered(commands: &[Command], seq: i64) -> Vec<Command> {
    let numbered = commands.iter().cloned().map(|mut command| {
        if let Command::Put(crate::state::Record::Execution(row)) = &mut command {
            row.seq = if row.seq == 0 { seq } else { row.seq };
        }
        command
    });
    numbered.collect()
}

async fn new_row<S: Store>(mut stage: Stage<S>, rule: &str, spoil: Spoil) -> Verdict {
    stage.load(random::state(2, stage.now_ms())).await?;
    let mut row = plain_execution(&mut Dice::new(2), stage.now_ms());
    spoil(&mut row);
    refused(&mut stage, nothing(), vec![Command::Put(row.into())], rule).await
}

async fn changed_row<S: Store>(mut stage: Stage<S>, spoil: Spoil) -> Verdict {
    let mut row = plain_execution(&mut Dice::new(3), stage.now_ms());
    (row.fence, row.generation, row.seq) = (9, 3, 40);
    let id = row.id;
    stage.load(State { executions: [(id, row)].into(), ..State::default() }).await?;
    let scope = Scope::Executions(vec![id]);
    let mut row = stage.model.executions[&id].clone();
    spoil(&mut row);
    refused(&mut stage, scope, vec![Command::Put(row.into())], "V-5").await
}

/// The run is there because its member is, but it is too large to be locked with it.
async fn run_without_lock<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut dice = Dice::new(4);
    let run = crate::rows::Run { members: 1_000, ..plain_run(&mut dice, stage.now_ms()) };
    let mut member = plain_execution(&mut dice, stage.now_ms());
    (member.run_id, member.seq) = (Some(run.id), 1);
    let scope = Scope::Executions(vec![member.id]);
    let (runs, executions) = ([(run.id, run.clone())].into(), [(member.id, member)].into());
    stage.load(State { runs, executions, ..State::default() }).await?;
    let changed = crate::rows::Run { revision: run.revision + 1, ..run };
    refused(&mut stage, scope, vec![Command::Put(changed.into())], "E-11").await
}

fn no() -> Error {
    Error::new(codes::LV_T105, "complete is not possible while \"e\" is ended").with_detail("state", "ended")
}

async fn plan_fails<S: Store>(stage: Stage<S>) -> Verdict {
    failing(stage, nothing()).await
}

async fn plan_fails_after_reading<S: Store>(stage: Stage<S>) -> Verdict {
    let state = random::state(3, stage.now_ms());
    let scope = state.runs.keys().next().map_or(nothing(), |run| Scope::WholeRun(*run));
    failing(stage, scope).await
}

async fn failing<S: Store>(mut stage: Stage<S>, scope: Scope) -> Verdict {
    stage.load(random::state(3, stage.now_ms())).await?;
    let mut wakes = stage.store.wake();
    let refusal = stage.transact(scope, |_: &State| Err::<(Vec<Command>, ()), Error>(no())).await;
    let error = refusal.err().ok_or("a plan that fails was answered as if it had not")?;
    // The caller's own error, with everything that is in it.
    let parts = |error: &Error| (error.code().name(), error.message().to_owned(), error.details().to_vec());
    equal("error", &parts(&no()), &parts(&error))?;
    nothing_happened(&mut stage, &told(&mut wakes)).await?;
    let answered: u8 = stage.transact(nothing(), |_: &State| Ok((Vec::new(), 7))).await.map_err(said)?;
    equal("answer", &7, &answered)
}

/// The code of an error, for comparing.
pub(super) fn code(error: &Error) -> &'static str {
    Code::name(error.code())
}
