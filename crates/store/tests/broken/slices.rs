//! What a faulty store lets a plan see.

use std::collections::BTreeMap;

use levada_store::{Record, Scope, State, Token, Wanted};
use parking_lot::Mutex;

use crate::fault::Fault;

/// What a store that looks back remembers.
#[derive(Default)]
pub struct Memory {
    /// The first slice of each scope.
    first: BTreeMap<String, State>,
    /// The first number that it ever told.
    first_seq: Option<i64>,
}

/// The scope that is loaded instead of the one that was asked for.
pub fn scope(fault: Fault, scope: &Scope) -> Scope {
    match (fault, scope) {
        (_, Scope::Claim(claim)) => {
            let mut claim = claim.clone();
            match fault {
                Fault::IgnoresClaimLimit | Fault::IgnoresPriority | Fault::OffersNewestFirst => claim.limit = 500,
                Fault::IgnoresNamespaces => claim.namespaces = None,
                Fault::IgnoresCapabilities => claim.capabilities.extend(["gpu", "zone=eu"].map(str::to_owned)),
                Fault::ForgetsClaims => claim.token = Token(u128::MAX),
                _ => {}
            }
            Scope::Claim(claim)
        }
        (Fault::IgnoresDueLimit, Scope::Due(kind, wanted)) => Scope::Due(*kind, Wanted { limit: u32::MAX, ..wanted.clone() }),
        (Fault::ShowsMore, other) => Scope::All(vec![other.clone(), Scope::EngineNodes]),
        (_, other) => other.clone(),
    }
}

/// The slice that is shown instead of the one that was loaded.
pub fn slice(fault: Fault, asked: &Scope, state: &State, memory: &Mutex<Memory>) -> State {
    let mut seen = state.clone();
    match fault {
        Fault::HidesTable(name) => return without(state, name),
        Fault::ShowsOldSlices => {
            return memory.lock().first.entry(format!("{asked:?}")).or_insert(seen).clone();
        }
        Fault::LocksNoRun => seen.locked_runs.clear(),
        Fault::KnowsNoWholeRun => seen.whole_runs.clear(),
        Fault::OffersNothing => seen.candidates.clear(),
        Fault::CountsNoActive => seen.active_in_lane.clear(),
        Fault::CountsNoSpared => seen.spared.clear(),
        Fault::IgnoresPriority => offer(&mut seen, asked, |row| row.0),
        Fault::OffersNewestFirst => offer(&mut seen, asked, |row| -row.0 - (i64::from(row.1) << 32)),
        Fault::RepeatsNumbers => seen.seq = *memory.lock().first_seq.get_or_insert(state.seq),
        // As if every transaction used one number.
        Fault::KeepsNoRoomForNumbers => {
            let mut memory = memory.lock();
            seen.seq = memory.first_seq.map_or(state.seq, |seq| seq + 1);
            memory.first_seq = Some(seen.seq);
        }
        _ => {}
    }
    seen
}

/// Keeps as many candidates as were asked for, in an order of (creation, priority).
fn offer(seen: &mut State, asked: &Scope, rank: impl Fn((i64, i32)) -> i64) {
    let Scope::Claim(claim) = asked else { return };
    let rows = seen.candidates.iter().filter_map(|id| seen.executions.get(id));
    let mut ranked: Vec<_> = rows.map(|row| (rank((row.seq, row.priority)), row.id)).collect();
    ranked.sort_unstable();
    seen.candidates = ranked.into_iter().take(claim.limit as usize).map(|(_, id)| id).collect();
}

fn without(state: &State, table: &str) -> State {
    let mut rest = State {
        now_ms: state.now_ms,
        seq: state.seq,
        locked_runs: state.locked_runs.clone(),
        whole_runs: state.whole_runs.clone(),
        candidates: state.candidates.clone(),
        active_in_lane: state.active_in_lane.clone(),
        spared: state.spared.clone(),
        ..State::default()
    };
    let shown = |record: &Record| record.table().name != table;
    state.records().filter(shown).for_each(|record| rest.put(record));
    rest
}
