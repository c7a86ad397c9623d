//! What claims can take: one statement for all claims of one kind.
//!
//! Claims that are merged into one transaction see each other's candidates; so each kind asks for as many as all claims together may
//! take, and whichever is planned first leaves enough for the others.

use levada_store::{ClaimScope, State};

use crate::param::Param;
use crate::statement::{Fragment, Mode, Statement};

/// Claims that look for the same.
struct Kind<'a> {
    like: &'a ClaimScope,
    claims: Vec<&'a ClaimScope>,
}

/// A statement for each kind of claim, in the order of the first of its kind. Parts of one call are kept apart: each has its own limit.
pub fn claims(claims: &[&ClaimScope], merged: bool) -> Vec<Fragment> {
    let mut kinds: Vec<Kind<'_>> = Vec::new();
    for claim in claims {
        match kinds.iter_mut().find(|kind| merged && is_same(kind.like, claim)) {
            Some(kind) => kind.claims.push(claim),
            None => kinds.push(Kind { like: claim, claims: vec![claim] }),
        }
    }
    let all: i64 = kinds.iter().map(Kind::total).sum();
    kinds.into_iter().map(|kind| kind.fragment(if merged { all - kind.total() } else { 0 })).collect()
}

fn is_same(one: &ClaimScope, other: &ClaimScope) -> bool {
    (&one.lanes, &one.namespaces, &one.capabilities) == (&other.lanes, &other.namespaces, &other.capabilities)
}

/// The template of a claim with what all claims look for: the routes that fit and the first of their executions.
pub fn with_candidates(template: &str) -> String {
    template.replace("{claim.ctes}", include_str!("../sql/load/claim.ctes.sql").trim_end())
}

impl Kind<'_> {
    fn total(&self) -> i64 {
        self.claims.iter().map(|claim| i64::from(claim.limit)).sum()
    }

    /// `others` is what claims of other kinds may take of the same candidates.
    fn fragment(&self, others: i64) -> Fragment {
        let limits: Vec<_> = self.claims.iter().map(|claim| i64::from(claim.limit)).collect();
        let params = vec![
            ("lanes", Param::Texts(self.like.lanes.clone())),
            ("namespaces", Param::AnyTexts(self.like.namespaces.clone())),
            ("capabilities", Param::Texts(self.like.capabilities.clone())),
            ("tokens", Param::ids(self.claims.iter().map(|claim| claim.token.0))),
            ("instances", Param::Texts(self.claims.iter().map(|claim| claim.instance.clone()).collect())),
            ("limits", Param::Ints(limits)),
            ("others", Param::Int(others)),
        ];
        Fragment::new(with_candidates(include_str!("../sql/load/claim.sql")), params)
    }
}

/// What is still to be known when a claim met lanes with a limit: how many are active there, under the lanes' locks.
pub fn limits(claims: &[&ClaimScope], state: &State, mode: Mode) -> Vec<Statement> {
    let is_claimed = |name: &String| claims.iter().any(|claim| claim.lanes.contains(name));
    let limited = state.lanes.values().filter(|lane| lane.max_active.is_some() && is_claimed(&lane.name));
    let limited: Vec<_> = limited.map(|lane| lane.name.clone()).collect();
    if limited.is_empty() {
        return Vec::new();
    }
    let params = vec![("lanes", Param::Texts(limited))];
    let lock = Fragment::new(include_str!("../sql/load/lanes.sql"), params.clone());
    let count = Fragment::new(include_str!("../sql/load/lane_limits.sql"), params);
    [lock, count].into_iter().map(|fragment| fragment.statement(mode)).collect()
}
