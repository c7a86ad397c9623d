//! A notification's text: whose it is, and hints. Short, because PostgreSQL takes fewer than 8,000 bytes.

use std::collections::BTreeSet;
use std::fmt;

use levada_store::{DueKind, ExecutionId, RunId, Wake};
use uuid::Uuid;

/// With more hints than this, looking at everything is cheaper than reading them.
const HINTS_MAX: usize = 100;

/// Hints from a node of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub store: u128,
    pub node: u64,
    pub wakes: BTreeSet<Wake>,
}

impl fmt::Display for Message {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {:x}", Uuid::from_u128(self.store).simple(), self.node)?;
        let wakes = merged(&self.wakes);
        if wakes.len() > HINTS_MAX || wakes.contains(&Wake::All) {
            return out.write_str(" a");
        }
        wakes.iter().try_for_each(|wake| write_wake(wake, out))
    }
}

/// Of the times of one kind, the earliest is enough.
fn merged(wakes: &BTreeSet<Wake>) -> BTreeSet<Wake> {
    let mut merged = BTreeSet::new();
    let mut kinds = BTreeSet::new();
    for wake in wakes {
        // They are ordered by kind, then time.
        if !matches!(wake, Wake::Due(kind, _) if !kinds.insert(*kind)) {
            merged.insert(*wake);
        }
    }
    merged
}

fn write_wake(wake: &Wake, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let id = |id: u128| Uuid::from_u128(id).simple();
    match wake {
        Wake::Ready(route) => write!(out, " r{route}"),
        Wake::Settle(run) => write!(out, " s{}", id(run.0)),
        Wake::Dispatch(group) => write!(out, " d{}", id(group.0)),
        Wake::Backlog(run) => write!(out, " b{}", id(run.0)),
        Wake::Due(kind, at_ms) => {
            let number = DueKind::ALL.iter().position(|known| known == kind).unwrap_or_default();
            write!(out, " t{number}.{at_ms}")
        }
        Wake::Run(run) => write!(out, " u{}", id(run.0)),
        Wake::Lost(execution) => write!(out, " l{}", id(execution.0)),
        Wake::Freed(route) => write!(out, " f{route}"),
        Wake::Awaited(run) => write!(out, " w{}", id(run.0)),
        Wake::Events => out.write_str(" e"),
        Wake::All => out.write_str(" a"),
    }
}

/// The message of a text; none if it is not one.
pub fn read(text: &str) -> Option<Message> {
    let mut words = text.split(' ');
    let store = Uuid::parse_str(words.next()?).ok()?.as_u128();
    let node = u64::from_str_radix(words.next()?, 16).ok()?;
    let wakes = words.map(read_wake).collect::<Option<_>>()?;
    Some(Message { store, node, wakes })
}

fn read_wake(word: &str) -> Option<Wake> {
    let mut letters = word.chars();
    let first = letters.next()?;
    let rest = letters.as_str();
    let id = || Uuid::parse_str(rest).ok().map(|id| id.as_u128());
    Some(match first {
        'r' => Wake::Ready(rest.parse().ok()?),
        's' => Wake::Settle(RunId(id()?)),
        'd' => Wake::Dispatch(ExecutionId(id()?)),
        'b' => Wake::Backlog(RunId(id()?)),
        't' => {
            let (number, at_ms) = rest.split_once('.')?;
            Wake::Due(*DueKind::ALL.get(number.parse::<usize>().ok()?)?, at_ms.parse().ok()?)
        }
        'u' => Wake::Run(RunId(id()?)),
        'l' => Wake::Lost(ExecutionId(id()?)),
        'f' => Wake::Freed(rest.parse().ok()?),
        'w' => Wake::Awaited(RunId(id()?)),
        'e' => Wake::Events,
        'a' => Wake::All,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_come_back() {
        let wakes = BTreeSet::from([
            Wake::Ready(-7),
            Wake::Settle(RunId(1)),
            Wake::Dispatch(ExecutionId(2)),
            Wake::Backlog(RunId(3)),
            Wake::Due(DueKind::Promote, 40),
            Wake::Run(RunId(u128::MAX)),
            Wake::Lost(ExecutionId(4)),
            Wake::Freed(8),
            Wake::Awaited(RunId(5)),
            Wake::Events,
        ]);
        let message = Message { store: 5, node: 6, wakes };
        assert_eq!(read(&message.to_string()), Some(message));
    }

    #[test]
    fn only_the_earliest_time_of_a_kind_is_said() {
        let wakes = BTreeSet::from([Wake::Due(DueKind::Lease, 9), Wake::Due(DueKind::Lease, 5), Wake::Due(DueKind::Worker, 7)]);
        let read = read(&Message { store: 0, node: 0, wakes }.to_string()).unwrap();
        assert_eq!(read.wakes, BTreeSet::from([Wake::Due(DueKind::Lease, 5), Wake::Due(DueKind::Worker, 7)]));
    }

    #[test]
    fn too_many_hints_are_one() {
        let wakes = (0..1000).map(|run| Wake::Run(RunId(u128::MAX - run))).collect();
        let text = Message { store: u128::MAX, node: u64::MAX, wakes }.to_string();
        assert_eq!(read(&text).unwrap().wakes, BTreeSet::from([Wake::All]));
        let most = (0..HINTS_MAX as u128).map(|run| Wake::Run(RunId(u128::MAX - run))).collect();
        assert!(Message { store: u128::MAX, node: u64::MAX, wakes: most }.to_string().len() < 8000);
    }

    #[test]
    fn what_is_not_understood_is_no_message() {
        let store = Uuid::nil().simple();
        for text in ["", "x", &format!("{store} 1 z"), &format!("{store} 1 t99.1"), &format!("{store} g")] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
