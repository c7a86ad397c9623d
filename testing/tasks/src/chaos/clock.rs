//! T-115: what clocks may do to a store whose time follows the engine's. A wall clock is set, stands still, or is earlier after a restart;
//! leases and timers keep to the time that passed, and nothing is owned twice.

use std::time::Duration;

use levada_base::SimClock;
use levada_store::Store;
use levada_store::alphabets::Phase;
use levada_tasks::rules::Claimed;
use levada_tasks::spec::{Delay, Renew};

use super::laws;
use super::node::Node;
use super::outcome::said;
use super::scene::{RUN, done, execution, member, request};

/// What happens to the wall clock; no time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Back(Duration),
    Forward(Duration),
    /// It stands still while time passes.
    Freeze,
}

/// The steps of T-115.
#[must_use]
pub fn steps() -> Vec<Step> {
    let spans = [1, 3_600, 86_400].map(Duration::from_secs);
    spans.into_iter().flat_map(|span| [Step::Back(span), Step::Forward(span)]).chain([Step::Freeze]).collect()
}

/// The lease of the scene, and how long its delayed execution waits.
const LEASE_MS: i64 = 30_000;
const DELAY_MS: i64 = 20_000;

impl Step {
    /// How far store time goes by it: a clock that is set forward is believed, one that is set back is not.
    fn moves_ms(self) -> i64 {
        match self {
            Self::Forward(by) => i64::try_from(by.as_millis()).unwrap_or(i64::MAX),
            Self::Back(_) | Self::Freeze => 0,
        }
    }

    fn take(self, clock: &SimClock) {
        match self {
            Self::Back(by) => clock.turn_back(by),
            Self::Forward(by) => clock.turn_forward(by),
            Self::Freeze => {}
        }
    }

    /// Lets time pass.
    fn pass(self, clock: &SimClock, ms: i64) {
        let by = Duration::from_millis(ms.unsigned_abs());
        clock.advance(by);
        if self == Self::Freeze {
            clock.turn_back(by);
        }
    }
}

/// What is held and what waits when the clock steps: one execution is leased, another is delayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene {
    pub held: Claimed,
    pub began_ms: i64,
}

/// Sets the scene on an empty store.
///
/// # Errors
/// What the engine says.
pub async fn set(node: &Node) -> Result<Scene, String> {
    let tasks = &node.tasks;
    let put = async {
        for (n, name) in [(0, "delayed"), (1, "held")] {
            tasks.create_execution(execution(RUN, n, name)).await?;
        }
        let began_ms = tasks.now().await?;
        let delayed = node.claim_one(1).await?.handle;
        let results = tasks.delay(vec![Delay { handle: delayed, until_ms: began_ms + DELAY_MS }]).await?;
        results.into_iter().try_for_each(|result| result.map(|_| ()))?;
        let held = node.claim_one(2).await?;
        Ok(Scene { held, began_ms })
    };
    put.await.map_err(|error: levada_base::Error| said(&error))
}

/// Lets the clock step and time pass, second by second, until lease and delay are over: each ends when its time has passed in the store, not
/// before and not later; then the late holder is refused and the next one is not.
///
/// # Errors
/// What is wrong.
pub async fn live_through(node: &Node, scene: &Scene, step: Step) -> Result<(), String> {
    step.take(&node.clock);
    let lasted = watch(node, scene, step, step.moves_ms()).await;
    lasted.map_err(|wrong| format!("{step:?}: {wrong}"))
}

/// From a moment on at which so much store time had passed since the scene was set.
///
/// # Errors
/// What is wrong.
pub async fn watch(node: &Node, scene: &Scene, step: Step, passed_ms: i64) -> Result<(), String> {
    let mut passed_ms = passed_ms;
    loop {
        let now_ms = node.tasks.now().await.map_err(|error| said(&error))?;
        if now_ms - scene.began_ms != passed_ms {
            return Err(format!("store time moved by {} ms, expected {passed_ms}", now_ms - scene.began_ms));
        }
        for worker in ["lease_expiry", "due_promote"] {
            node.tasks.tick(worker).await.map_err(|error| said(&error))?;
        }
        let rows = node.tasks.store().dump().await.map_err(|error| said(&error))?;
        laws::check(&rows)?;
        let phase = |n| rows.executions.get(&member(RUN, n)).map(|row| (row.phase, row.hold));
        let waits = phase(0).is_some_and(|(_, hold)| hold == levada_store::alphabets::Hold::Time);
        if waits != (passed_ms < DELAY_MS) {
            return Err(format!("after {passed_ms} ms the delay of {DELAY_MS} ms is on: {waits}"));
        }
        let holds = phase(1).is_some_and(|(phase, _)| phase == Phase::Active);
        if holds != (passed_ms < LEASE_MS) {
            return Err(format!("after {passed_ms} ms the lease of {LEASE_MS} ms is on: {holds}"));
        }
        if !holds {
            return taken_over(node, scene).await;
        }
        step.pass(&node.clock, 1_000);
        passed_ms += 1_000;
    }
}

/// The lease is over: everything can be claimed once, the late holder is told so, and what it does changes nothing.
async fn taken_over(node: &Node, scene: &Scene) -> Result<(), String> {
    let tasks = &node.tasks;
    let work = async {
        let first = tasks.claim(request(3, 10)).await?;
        let second = tasks.claim(request(4, 10)).await?;
        let before = tasks.store().dump().await?;
        let late = scene.held.handle;
        let refused = [
            tasks.renew(vec![Renew { handle: late, ttl_ms: LEASE_MS }]).await?.remove(0).err(),
            tasks.complete(vec![done(late)], None).await?.0.remove(0).err(),
        ];
        let unchanged = tasks.store().dump().await? == before;
        let refused = refused.map(|error| error.map(|error| error.code().to_string()));
        for claimed in &first {
            node.complete_one(claimed.handle).await?;
        }
        Ok::<_, levada_base::Error>((first.len(), second.len(), refused, unchanged))
    };
    let found = work.await.map_err(|error| said(&error))?;
    let told = || Some("LV-T101".to_owned());
    let expected = (2, 0, [told(), told()], true);
    if found == expected { Ok(()) } else { Err(format!("claimed, refused, unchanged: {found:?}, expected {expected:?}")) }
}
