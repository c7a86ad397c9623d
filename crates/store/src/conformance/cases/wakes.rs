//! Whoever listens is told what a commit made worth a look, before the caller is answered; a refused call tells nothing.

use std::collections::BTreeSet;

use super::build::{claimed, plain_execution, plain_run, scope_of};
use crate::alphabets::AttemptState;
use crate::conformance::compare::ensure;
use crate::conformance::random;
use crate::conformance::stage::{Stage, nothing, said, told};
use crate::conformance::{Dice, Factory, Suite, Verdict};
use crate::ids::{RunId, Token};
use crate::rows::{Attempt, Execution, Mark};
use crate::scope::{DueKind, Scope};
use crate::state::{Command, State, TABLES};
use crate::store::Store;
use crate::wake::{Wake, wakes};

pub(super) fn add<F: Factory>(suite: &mut Suite<F>) {
    for table in TABLES.iter().map(|table| table.name) {
        suite.add(format!("wakes/{table}"), move |stage| of_table(stage, table));
    }
    suite.add("wakes/renewals", renewals);
    suite.add("wakes/everybody", everybody);
    suite.add("wakes/from_subscription_on", from_subscription_on);
    suite.add("wakes/not_by_reading", not_by_reading);
    suite.add("wakes/merged_calls", merged_calls);
}

/// Hints may be doubled, and a store may ask to look at everything at any time; none that follows may be missing.
fn expect(what: &str, commands: &[Command], told: &[Wake]) -> Verdict {
    let (expected, told) = (wakes(commands), told.iter().copied().collect::<BTreeSet<_>>());
    let missing: Vec<_> = expected.difference(&told).collect();
    ensure(missing.is_empty(), || format!("{what}: not told {missing:?}"))?;
    let extra: Vec<_> = told.difference(&expected).filter(|wake| **wake != Wake::All).collect();
    ensure(extra.is_empty(), || format!("{what}: told {extra:?} for nothing"))
}

async fn of_table<S: Store>(mut stage: Stage<S>, table: &str) -> Verdict {
    let state = random::state(50, stage.now_ms());
    let puts: Vec<_> = state.records().filter(|row| row.table().name == table).map(Command::Put).collect();
    // One at a time: a store that tells of the first only would pass otherwise.
    for put in puts.chunks(3) {
        let mut receiver = stage.store.wake();
        stage.commit(scope_of(&stage.model, put), put.to_vec()).await?;
        expect(table, put, &told(&mut receiver))?;
    }
    Ok(())
}

fn marked(number: u128) -> Command {
    let id = crate::ids::ExecutionId(number);
    Command::Put(Mark { execution_id: id, run_id: RunId(number), generation: 0, made_ms: 0, seq: 0 }.into())
}

/// F-7: what a claim makes due is told, that a lease is kept is not.
async fn renewals<S: Store>(mut stage: Stage<S>) -> Verdict {
    let (mut dice, now_ms) = (Dice::new(3), stage.now_ms());
    let row = claimed(&plain_execution(&mut dice, now_ms), "i-1", Token(9), now_ms + 30_000);
    let mut attempt: Attempt = random::any(&mut dice, now_ms);
    (attempt.execution_id, attempt.attempt_no, attempt.state) = (row.id, row.attempt_no, AttemptState::Running);
    let later = Execution { lease_until_ms: Some(now_ms + 60_000), ..row.clone() };
    let mut receiver = stage.store.wake();
    let claim = vec![Command::Put(row.clone().into()), Command::Put(attempt.into())];
    stage.commit(nothing(), claim.clone()).await?;
    let seen = told(&mut receiver);
    expect("a claim", &claim, &seen)?;
    ensure(seen.contains(&Wake::Due(DueKind::Lease, now_ms + 30_000)), || format!("the lease's end is not told: {seen:?}"))?;
    stage.commit(Scope::Executions(vec![row.id]), vec![Command::Put(later.into())]).await?;
    let seen = told(&mut receiver);
    ensure(seen.is_empty(), || format!("a renewal tells {seen:?}"))
}

async fn everybody<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut receivers = [stage.store.wake(), stage.store.wake(), stage.store.wake()];
    stage.commit(nothing(), vec![marked(1)]).await?;
    for receiver in &mut receivers {
        expect("a receiver", &[marked(1)], &told(receiver))?;
    }
    Ok(())
}

async fn from_subscription_on<S: Store>(mut stage: Stage<S>) -> Verdict {
    stage.commit(nothing(), vec![marked(1)]).await?;
    let mut late = stage.store.wake();
    stage.commit(nothing(), vec![marked(2)]).await?;
    expect("a late receiver", &[marked(2)], &told(&mut late))
}

async fn not_by_reading<S: Store>(mut stage: Stage<S>) -> Verdict {
    let mut dice = Dice::new(1);
    let (run, row) = (plain_run(&mut dice, stage.now_ms()), plain_execution(&mut dice, stage.now_ms()));
    let scopes = [Scope::WholeRun(run.id), Scope::Executions(vec![row.id])];
    stage.load(State { runs: [(run.id, run)].into(), executions: [(row.id, row)].into(), ..State::default() }).await?;
    let mut receiver = stage.store.wake();
    stage.slices_as_cut(&scopes).await?;
    stage.store.dump().await.map_err(said)?;
    expect("a reader", &[], &told(&mut receiver))
}

/// Of calls that are made at once each wakes; those that are refused do not.
async fn merged_calls<S: Store>(stage: Stage<S>) -> Verdict {
    let mut receiver = stage.store.wake();
    let calls = (0..30_u128).map(|number| {
        stage.transact(nothing(), move |_: &State| {
            if number % 3 == 0 {
                return Err(levada_base::Error::internal("refused"));
            }
            Ok((vec![marked(number)], ()))
        })
    });
    futures::future::join_all(calls).await;
    let committed: Vec<_> = (0..30).filter(|number| number % 3 != 0).map(marked).collect();
    expect("calls at once", &committed, &told(&mut receiver))
}
