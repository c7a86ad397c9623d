//! Scopes on a run whose statements find what they lock: members, marks, conditions, groups.
//!
//! The run's header is locked before, so its graph stands still. Each scope has a statement that locks groups, then executions, and
//! one that loads; both find the same rows by the same expressions.

use levada_store::Scope;
use levada_store::limits::{DISPATCH_CHUNK_MAX, SETTLE_MARKS_MAX};
use levada_store::rows::condition_node;
use uuid::Uuid;

use crate::param::Param;
use crate::statement::Fragment;

/// Adds the statements of a scope; none for what is loaded elsewhere.
pub fn load(scope: &Scope, inline_run_max: i32, locks: &mut Vec<Fragment>, loads: &mut Vec<Fragment>) {
    let id = |id: u128| Param::Id(Uuid::from_u128(id));
    let count = |limit: usize| Param::Int(i64::try_from(limit).unwrap_or(i64::MAX));
    let (lock, load, params) = match scope {
        Scope::OpenMembers { run, active, finalizers, limit } => (
            include_str!("../sql/load/open_members.lock.sql").to_owned(),
            include_str!("../sql/load/open_members.load.sql").to_owned(),
            vec![
                ("run", id(run.0)),
                ("active", Param::Flag(*active)),
                ("finalizers", Param::Flag(*finalizers)),
                ("inline", Param::Int(inline_run_max.into())),
                ("limit", Param::Int(i64::from(*limit))),
            ],
        ),
        Scope::Building(scope) => {
            let ids = Param::ids(scope.executions.iter().map(|id| id.0));
            let mut params = vec![("run", id(scope.run.0)), ("ids", ids), ("names", Param::Texts(scope.names.clone()))];
            locks.push(Fragment::new(include_str!("../sql/load/building.lock.sql"), params.clone()));
            params.push(("conditions", Param::Texts(scope.conditions.clone())));
            params.push(("reach", Param::MaybeId(scope.reach.map(|id| Uuid::from_u128(id.0)))));
            loads.push(Fragment::new(include_str!("../sql/load/building.load.sql"), params));
            return;
        }
        Scope::Marks(run) => (
            include_str!("../sql/load/marks.lock.sql").replace("{marks.ctes}", include_str!("../sql/load/marks.ctes.sql")),
            include_str!("../sql/load/marks.load.sql").replace("{marks.ctes}", include_str!("../sql/load/marks.ctes.sql")),
            vec![("run", id(run.0)), ("marks", count(SETTLE_MARKS_MAX))],
        ),
        Scope::Condition(run, key) => (
            include_str!("../sql/load/condition.lock.sql")
                .replace("{condition.ctes}", include_str!("../sql/load/condition.ctes.sql")),
            include_str!("../sql/load/condition.load.sql")
                .replace("{condition.ctes}", include_str!("../sql/load/condition.ctes.sql")),
            vec![("run", id(run.0)), ("key", Param::Text(key.clone())), ("node", id(condition_node(*run, key).0))],
        ),
        Scope::Group(child) => (
            include_str!("../sql/load/group.lock.sql").replace("{group.ctes}", include_str!("../sql/load/group.ctes.sql")),
            include_str!("../sql/load/group.load.sql").replace("{group.ctes}", include_str!("../sql/load/group.ctes.sql")),
            // One more than a chunk says that there is another chunk.
            vec![("child", id(child.0)), ("losers", count(DISPATCH_CHUNK_MAX + 1))],
        ),
        _ => return,
    };
    locks.push(Fragment::new(lock, params.clone()));
    loads.push(Fragment::new(load, params));
}
