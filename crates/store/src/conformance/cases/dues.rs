//! The earliest stored time of each kind is known, and what is due is exactly what the time says.

use std::time::Duration;

use super::build::{claimed, plain_execution, scope_of};
use crate::conformance::compare::equal;
use crate::conformance::random::{self, any};
use crate::conformance::stage::{Stage, nothing, said};
use crate::conformance::{Dice, Factory, Suite, Time, Verdict, mutated};
use crate::dues::earliest;
use crate::ids::Token;
use crate::query::Query;
use crate::rows::{Execution, RequestKey};
use crate::scope::{DueKind, Scope, Wanted};
use crate::state::{Command, State};
use crate::store::Store;

pub(super) fn add<F: Factory>(suite: &mut Suite<F>) {
    for kind in DueKind::ALL {
        suite.add(format!("dues/next/{kind:?}"), move |stage| next(stage, *kind));
        suite.add(format!("dues/all/{kind:?}"), move |stage| drained(stage, *kind));
    }
    suite.add("dues/empty", of_an_empty_store);
    suite.add("dues/earliest_first", earliest_first);
    suite.add("dues/what_has_no_namespace", without_namespace);
    if suite.time == Time::Simulated {
        suite.add("dues/to_the_millisecond", to_the_millisecond);
        for kind in DueKind::ALL {
            suite.add(format!("dues/later/{kind:?}"), move |stage| later(stage, *kind));
        }
    }
}

/// After rows came, changed and went.
async fn next<S: Store>(mut stage: Stage<S>, kind: DueKind) -> Verdict {
    for seed in [40, 41] {
        stage.load(random::state(seed, stage.now_ms())).await?;
        expect_next(&stage, kind).await?;
    }
    let commands = stage.model.commands_to(&mutated(&stage.model, 42));
    stage.commit(scope_of(&stage.model, &commands), commands).await?;
    expect_next(&stage, kind).await?;
    let gone = stage.model.runs.keys().copied().map(Command::DeleteRun).collect();
    stage.commit(nothing(), gone).await?;
    expect_next(&stage, kind).await
}

async fn expect_next<S: Store>(stage: &Stage<S>, kind: DueKind) -> Verdict {
    let found = stage.store.next_due(kind).await.map_err(said)?;
    equal(&format!("next due of {kind:?}"), &earliest(&stage.model, kind), &found)
}

async fn drained<S: Store>(mut stage: Stage<S>, kind: DueKind) -> Verdict {
    stage.load(random::state(43, stage.now_ms())).await?;
    stage.slices_as_cut(&[0, 2, 10_000].map(|limit| Scope::Due(kind, limit.into()))).await
}

/// What becomes due as time goes by.
async fn later<S: Store>(mut stage: Stage<S>, kind: DueKind) -> Verdict {
    stage.load(random::state(44, stage.now_ms())).await?;
    for _ in 0..4 {
        stage.advance(Duration::from_secs(900));
        stage.slices_as_cut(&[3, 10_000].map(|limit| Scope::Due(kind, limit.into()))).await?;
    }
    Ok(())
}

async fn of_an_empty_store<S: Store>(stage: Stage<S>) -> Verdict {
    for kind in DueKind::ALL {
        equal(&format!("next due of {kind:?}"), &None, &stage.store.next_due(*kind).await.map_err(said)?)?;
        let slice = stage.slice(&Scope::Due(*kind, 10.into())).await?;
        equal(&format!("due rows of {kind:?}"), &0, &slice.records().count())?;
    }
    Ok(())
}

fn leased(dice: &mut Dice, seq: i64, now_ms: i64, until_ms: i64) -> Execution {
    claimed(&Execution { seq, ..plain_execution(dice, now_ms) }, "i-1", Token(9), until_ms)
}

async fn earliest_first<S: Store>(mut stage: Stage<S>) -> Verdict {
    let (mut dice, mut state, now_ms) = (Dice::new(3), State::default(), stage.now_ms());
    for seq in 0..9 {
        // In no order of creation: 1, 8, 5, 2, 9, 6, 3, 10, 7 seconds ago.
        let seconds = seq * 7 % 10 + 1;
        state.put(leased(&mut dice, seq, now_ms, now_ms - 1_000 * seconds).into());
    }
    stage.load(state).await?;
    let slice = stage.slice(&Scope::Due(DueKind::Lease, 3.into())).await?;
    let mut found: Vec<_> = slice.executions.values().filter_map(|row| Some(now_ms - row.lease_until_ms?)).collect();
    found.sort_unstable();
    equal("ages of the first three", &vec![8_000, 9_000, 10_000], &found)
}

/// The key of a fragment, which is everybody's, and a key of another namespace, which is not ours.
async fn without_namespace<S: Store>(mut stage: Stage<S>) -> Verdict {
    let (mut dice, now_ms) = (Dice::new(5), stage.now_ms());
    for namespace in ["", "alpha", "beta"] {
        let key: RequestKey = any(&mut dice, now_ms);
        let key = RequestKey { namespace: namespace.to_owned(), expires_ms: now_ms - 1, look_ms: now_ms - 1, ..key };
        stage.commit(nothing(), vec![Command::Put(key.into())]).await?;
    }
    let wanted = Wanted { limit: 10, namespaces: Some(vec!["alpha".to_owned()]), except: Vec::new() };
    let scope = Scope::Due(DueKind::RequestKey, wanted.clone());
    stage.slices_as_cut(std::slice::from_ref(&scope)).await?;
    let slice = stage.slice(&scope).await?;
    let found: Vec<_> = slice.request_keys.values().map(|row| row.namespace.as_str()).collect();
    equal("namespaces of the keys that are due", &vec!["", "alpha"], &found)?;
    let page = stage.store.read(Query::Due(DueKind::RequestKey, wanted)).await.map_err(said)?;
    equal("times of these keys", &2, &page.times.len())
}

/// A lease that ends now has ended; one that ends a millisecond later has not.
async fn to_the_millisecond<S: Store>(mut stage: Stage<S>) -> Verdict {
    let now_ms = stage.now_ms();
    let row = leased(&mut Dice::new(4), 0, now_ms, now_ms + 5);
    stage.load(State { executions: [(row.id, row)].into(), ..State::default() }).await?;
    for (ms, due) in [(0, 0), (4, 0), (1, 1), (1, 1)] {
        stage.advance(Duration::from_millis(ms));
        let slice = stage.slice(&Scope::Due(DueKind::Lease, 10.into())).await?;
        equal(&format!("leases over at {}", slice.now_ms - now_ms), &due, &slice.executions.len())?;
    }
    Ok(())
}
