//! Small worlds, exhaustively: every order of everything that two workers, time, an operator and the background workers can do to up
//! to three executions, with calls that are repeated (a crash after the commit) or never come (a crash before it).
//!
//! After every step engine and interpreter must agree and the invariants hold; from every end of a path everything must come to its end.

mod worlds;

use levada_store::alphabets::{CancelPolicy, FailureClass};
use levada_store::rows::Facts;
use levada_store::{DueKind, RunId, Token, limits};
use levada_tasks::rules;
use levada_tasks::spec::{ClaimRequest, Complete, Fail, Failure, Handle, Payload};

use crate::ring0::{Act, Play, Wrong};

pub use worlds::{World, worlds};

/// How much was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tried {
    pub steps: u64,
    pub ends: u64,
}

/// Tries every path of up to `depth` steps.
///
/// # Errors
/// The first path that went wrong, and how.
pub fn explore(world: &World, inline_run_max: i32, depth: usize) -> Result<Tried, Wrong> {
    let mut play = Play::new(1, inline_run_max, vec![world.graph.clone()], None);
    play.act(Act::Submit(0))?;
    let mut tried = Tried::default();
    let mut path = Vec::new();
    follow(&play, depth, &mut path, &mut tried).map_err(|wrong| format!("{}: {path:?}: {wrong}", world.name))?;
    Ok(tried)
}

fn follow(play: &Play, depth: usize, path: &mut Vec<Act>, tried: &mut Tried) -> Result<(), Wrong> {
    let mut is_end = true;
    for acts in moves(play).into_iter().filter(|_| depth > 0) {
        let mut next = play.clone();
        let before = path.len();
        for act in acts {
            path.push(act.clone());
            next.act(act)?;
        }
        tried.steps += 1;
        // What changes nothing leads nowhere new.
        if next.rows() != play.rows() {
            is_end = false;
            follow(&next, depth - 1, path, tried)?;
        }
        path.truncate(before);
    }
    if is_end {
        tried.ends += 1;
        play.clone().drain()?;
    }
    Ok(())
}

/// Everything that can be done here.
fn moves(play: &Play) -> Vec<Vec<Act>> {
    let mut moves = Vec::new();
    for worker in 1..=2_u128 {
        moves.push(vec![Act::Claim(claim(play, worker))]);
    }
    for handle in play.handles() {
        moves.push(vec![Act::Complete(vec![complete(*handle)], None)]);
        moves.push(vec![Act::Fail(vec![(fail(*handle), 7)], None)]);
    }
    moves.extend(play.last().map(|last| vec![last.clone()]));
    for run in play.rows().runs.keys().copied() {
        moves.push(vec![Act::Settle(run)]);
        moves.push(vec![Act::CancelRun(cancel(run))]);
    }
    moves.extend(play.rows().cancel_pending.keys().map(|group| vec![Act::Dispatch(*group)]));
    let sweep = rules::SweepExecutions { kind: DueKind::Lease, limit: 10, random: 7, back_since_ms: None };
    moves.push(vec![Act::Wait(limits::LEASE_TTL_MS_DEFAULT), Act::Sweep(sweep)]);
    moves
}

fn claim(play: &Play, worker: u128) -> rules::Claim {
    // A token for each call: what was given is told apart by how much was given before.
    let call = (play.handles().len() as u128 + 1) << 8 | worker;
    let request = ClaimRequest::of_lane("default", &format!("worker-{worker}"), 1, Token(call));
    rules::Claim { request, leases: vec![Token(call << 8)], store: Token(0) }
}

fn complete(handle: Handle) -> Complete {
    Complete { handle, result: Payload::Void, facts: Facts::default() }
}

fn fail(handle: Handle) -> Fail {
    Fail { handle, failure: Failure { class: FailureClass::Permanent, code: "no".to_owned(), message: String::new() } }
}

fn cancel(run: RunId) -> rules::CancelRun {
    rules::CancelRun {
        run,
        policy: CancelPolicy::CancelPending,
        reason: "enough".to_owned(),
        actor: "operator".to_owned(),
        include_finalizers: false,
        grace_ms: limits::CANCEL_GRACE_MS,
    }
}
