//! Cancelling runs: three policies, three ways to wait, three sizes.

use std::time::Duration;

use levada_store::alphabets::{CancelPolicy, EventKind, Outcome};
use levada_store::{MemoryStore, RunId};
use levada_tasks::ops::{CancelCounts, CancelProgress, CancelledRun};
use levada_tasks::rules::Applied;
use levada_tasks::spec::{CancelRun, NewRun, Wait};
use levada_tasks::{Settings, Tasks};

use crate::node::{Node, Result, code, wide};

fn cancel(policy: CancelPolicy, wait: Wait) -> CancelRun {
    CancelRun { policy, wait, ..CancelRun::all("too late", "ann") }
}

const WAITS: [Wait; 3] = [Wait::No, Wait::For(Duration::from_secs(60)), Wait::Indefinite];

fn expected(wait: Wait, counts: CancelCounts) -> CancelProgress {
    if wait == Wait::No { CancelProgress::Scheduled { remaining: 0 } } else { CancelProgress::Cancelled(counts) }
}

#[tokio::test]
async fn t_072_small_runs_are_cancelled_where_the_call_commits() -> Result {
    for policy in [CancelPolicy::CancelAll, CancelPolicy::CancelPending, CancelPolicy::MarkOnly] {
        for wait in WAITS {
            let node = Node::open().await?;
            let run = node.submit(wide(5)).await?;
            let done = node.claim(2).await?[0].handle;
            node.complete(done).await?;
            let cancelled = node.tasks.cancel_run(run, cancel(policy, wait)).await?;
            let counts = match policy {
                CancelPolicy::CancelAll => CancelCounts { cancelled: 4, already_ended: 1, ..CancelCounts::default() },
                CancelPolicy::CancelPending => {
                    CancelCounts { cancelled: 3, already_ended: 1, left_running: 1, ..CancelCounts::default() }
                }
                CancelPolicy::MarkOnly => CancelCounts { already_ended: 1, left_running: 1, untouched: 3, cancelled: 0 },
            };
            assert_eq!(cancelled.progress, expected(wait, counts), "{policy} {wait:?}");
            assert_eq!((cancelled.applied, cancelled.policy), (Applied::Applied, policy));
            assert_eq!(node.claim(10).await?, [], "{policy}: a member was offered after the cancel");
        }
    }
    Ok(())
}

#[tokio::test]
async fn t_072_repeats_keep_the_stored_policy_and_stronger_ones_upgrade() -> Result {
    let node = Node::open().await?;
    let run = node.submit(wide(2)).await?;
    node.claim(1).await?;
    node.tasks.cancel_run(run, cancel(CancelPolicy::CancelPending, Wait::No)).await?;
    let weaker = CancelRun { reason: "other".to_owned(), ..cancel(CancelPolicy::MarkOnly, Wait::No) };
    let CancelledRun { applied, policy, reason, .. } = node.tasks.cancel_run(run, weaker).await?;
    assert_eq!((applied, policy, reason.as_str()), (Applied::AlreadyApplied, CancelPolicy::CancelPending, "too late"));
    let stronger = node.tasks.cancel_run(run, cancel(CancelPolicy::CancelAll, Wait::Indefinite)).await?;
    assert_eq!((stronger.applied, stronger.policy), (Applied::Applied, CancelPolicy::CancelAll));
    let again = node.tasks.cancel_run(run, cancel(CancelPolicy::CancelAll, Wait::Indefinite)).await?;
    assert_eq!(again.progress, CancelProgress::Ended { outcome: Outcome::Cancelled });
    assert_eq!(code(node.tasks.cancel_run(RunId(1), cancel(CancelPolicy::CancelAll, Wait::No)).await), "LV-T002");
    Ok(())
}

#[tokio::test]
async fn t_072_a_run_without_members_is_cancelled() -> Result {
    for wait in WAITS {
        let node = Node::open().await?;
        let run = node.tasks.create_run(NewRun::default()).await?.into_inner().run;
        let cancelled = node.tasks.cancel_run(run, cancel(CancelPolicy::CancelAll, wait)).await?;
        assert_eq!(cancelled.progress, expected(wait, CancelCounts::default()));
        assert_eq!(node.outcome(run).await?, Some(Outcome::Cancelled));
    }
    Ok(())
}

#[tokio::test]
async fn t_072_a_large_run_is_cancelled_by_the_backlog_and_the_wait_can_expire() -> Result {
    let node = Node::open().await?;
    let run = node.submit(wide(1_200)).await?;
    let short = cancel(CancelPolicy::CancelAll, Wait::For(Duration::from_millis(10)));
    let expired = node.tasks.cancel_run(run, short).await?;
    let CancelProgress::WaitExpired { remaining, ids } = expired.progress else { panic!("{expired:?}") };
    assert_eq!((remaining, ids.len()), (700, 700), "500 end with the header");
    assert_eq!(node.claim(10).await?, [], "nothing is offered after the header");
    let report = node.tasks.tick("cancel_backlog").await?;
    assert_eq!((report.count("cancelled"), report.count("left"), report.more), (500, 1, true));
    node.drain().await?;
    assert_eq!(node.outcome(run).await?, Some(Outcome::Cancelled));
    assert_eq!(node.events(EventKind::Ended).await?.len(), 1_200, "one end each");
    Ok(())
}

#[tokio::test]
async fn t_072_a_wait_is_woken_when_the_backlog_is_done() -> Result {
    let world = levada_base::World::real();
    let tasks = Tasks::open(MemoryStore::new(world.clone()), Settings::default(), world).await?;
    let run = tasks.submit_run(wide(1_200)).await?.into_inner().run;
    let cancelled = tasks.cancel_run(run, cancel(CancelPolicy::CancelAll, Wait::Indefinite)).await?;
    let all = CancelCounts { cancelled: 1_200, ..CancelCounts::default() };
    assert_eq!(cancelled.progress, CancelProgress::Cancelled(all));
    tasks.close(Duration::from_secs(10)).await
}

#[tokio::test]
async fn t_072_a_mark_only_cancel_ends_its_members_after_its_grace() -> Result {
    let node = Node::open().await?;
    let run = node.submit(wide(3)).await?;
    let marked = CancelRun { grace_ms: 60_000, ..cancel(CancelPolicy::MarkOnly, Wait::No) };
    node.tasks.cancel_run(run, marked).await?;
    node.advance_ms(59_000);
    node.drain().await?;
    assert_eq!(node.outcome(run).await?, None);
    node.advance_ms(1_000);
    node.drain().await?;
    assert_eq!(node.outcome(run).await?, Some(Outcome::Cancelled));
    Ok(())
}
