//! The statement of calls of one kind: their items as arrays, in the order of the executions' ids, which is the order of locks.

use levada_store::alphabets::EventKind;
use levada_store::value::{Field, Kind};
use levada_store::{Fused, FusedClaim, FusedEnd, FusedRenew, limits};
use uuid::Uuid;

use crate::load::with_candidates;
use crate::param::Param;
use crate::statement::Fragment;

/// The statement of a batch, whose calls are of one kind.
pub fn fused(calls: &[&Fused], now_ms: Option<i64>, floor_ms: i64, inline_run_max: i32) -> Fragment {
    let (mut renewed, mut ended, mut claims) = (Vec::new(), Vec::new(), Vec::new());
    for (call, fused) in (0..).zip(calls) {
        match fused {
            Fused::Renew(items) => renewed.extend(of_call(call, items)),
            Fused::End(items) => ended.extend(of_call(call, items)),
            Fused::Claim(claim) => claims.push((call, claim)),
        }
    }
    let (template, mut params) = match claims.first() {
        Some((_, like)) => (with_candidates(include_str!("../sql/fused/claim.sql")), claimed(like, &claims)),
        None if ended.is_empty() => (include_str!("../sql/fused/renew.sql").to_owned(), renew(renewed)),
        None => (include_str!("../sql/fused/end.sql").to_owned(), end(ended, inline_run_max)),
    };
    params.push(("now", Param::Time(now_ms)));
    params.push(("floor", Param::Int(floor_ms)));
    Fragment::new(template, params)
}

/// An item with its call, how many items that has, and which one it is.
struct Item<'a, T> {
    call: i64,
    size: i64,
    nth: i64,
    of: &'a T,
}

fn of_call<T>(call: i64, items: &[T]) -> impl Iterator<Item = Item<'_, T>> {
    let size = i64::try_from(items.len()).unwrap_or(i64::MAX);
    (0..).zip(items).map(move |(nth, of)| Item { call, size, nth, of })
}

/// Items as one array for each of their fields.
struct Columns<'a, T>(Vec<Item<'a, T>>);

impl<T> Columns<'_, T> {
    fn ints(&self, field: impl Fn(&Item<'_, T>) -> i64) -> Param {
        Param::Ints(self.0.iter().map(field).collect())
    }

    fn ids(&self, field: impl Fn(&T) -> u128) -> Param {
        Param::ids(self.0.iter().map(|item| field(item.of)))
    }

    /// A column of any kind, null where the item has none.
    fn values<F: Field>(&self, field: impl Fn(&T) -> Option<F>) -> Param {
        let mut column = Param::column(F::KIND);
        for item in &self.0 {
            column.push(field(item.of).to_value());
        }
        column
    }
}

fn renew(mut items: Vec<Item<'_, FusedRenew>>) -> Vec<(&'static str, Param)> {
    items.sort_unstable_by_key(|item| item.of.execution);
    let columns = Columns(items);
    vec![
        ("ids", columns.ids(|item| item.execution.0)),
        ("calls", columns.ints(|item| item.call)),
        ("sizes", columns.ints(|item| item.size)),
        ("fences", columns.ints(|item| item.of.fence)),
        ("ttls", columns.ints(|item| item.of.ttl_ms)),
    ]
}

fn end(mut items: Vec<Item<'_, FusedEnd>>, inline_run_max: i32) -> Vec<(&'static str, Param)> {
    items.sort_unstable_by_key(|item| item.of.execution);
    let columns = Columns(items);
    let length = |bytes: &[u8]| i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    vec![
        ("ids", columns.ids(|item| item.execution.0)),
        ("calls", columns.ints(|item| item.call)),
        ("sizes", columns.ints(|item| item.size)),
        ("nths", columns.ints(|item| item.nth)),
        ("fences", columns.ints(|item| item.of.fence)),
        ("made_by", columns.values(|item| Some(item.call))),
        ("digests", columns.values(|item| item.digest)),
        ("attempts", columns.values(|item| Some(item.attempt))),
        ("outcomes", columns.values(|item| Some(item.outcome))),
        ("causes", columns.values(|item| Some(item.cause))),
        ("details", columns.values(|item| Some(item.detail.clone()))),
        ("storages", columns.values(|item| item.result.as_ref().map(|result| result.storage))),
        ("lengths", columns.values(|item| item.result.as_ref().map(|result| length(&result.bytes)))),
        ("result_digests", columns.values(|item| item.result.as_ref().map(|result| result.digest))),
        ("facts", columns.values(|item| item.result.as_ref().map(|result| result.facts.clone()))),
        ("bytes", columns.values(|item| item.result.as_ref().map(|result| result.bytes.clone()))),
        ("classes", columns.values(|item| item.failure.as_ref().map(|failure| failure.class))),
        ("retry_bits", columns.values(|item| item.failure.as_ref().map(|failure| failure.retry_bit))),
        ("codes", columns.values(|item| item.failure.as_ref().map(|failure| failure.code.clone()))),
        ("messages", columns.values(|item| item.failure.as_ref().map(|failure| failure.message.clone()))),
        ("inline", Param::Int(inline_run_max.into())),
        ("kind", Param::Int(EventKind::Ended.code().into())),
    ]
}

fn claimed(like: &FusedClaim, claims: &[(i64, &FusedClaim)]) -> Vec<(&'static str, Param)> {
    let texts = |field: fn(&FusedClaim) -> &String| {
        let mut column = Param::column(Kind::Text);
        claims.iter().for_each(|(_, claim)| column.push(field(claim).to_value()));
        column
    };
    let ints = |field: fn(&FusedClaim) -> i64| Param::Ints(claims.iter().map(|(_, claim)| field(claim)).collect());
    let mut starts = Vec::new();
    let mut leases = Vec::new();
    for (_, claim) in claims {
        starts.push(i64::try_from(leases.len()).unwrap_or(i64::MAX));
        leases.extend(claim.leases.iter().map(|lease| Uuid::from_u128(lease.0)));
    }
    vec![
        ("lanes", Param::Texts(like.scope.lanes.clone())),
        ("namespaces", Param::AnyTexts(like.scope.namespaces.clone())),
        ("capabilities", Param::Texts(like.scope.capabilities.clone())),
        ("calls", Param::Ints(claims.iter().map(|(call, _)| *call).collect())),
        ("tokens", Param::ids(claims.iter().map(|(_, claim)| claim.scope.token.0))),
        ("instances", texts(|claim| &claim.scope.instance)),
        ("workers", texts(|claim| &claim.worker)),
        ("limits", ints(|claim| claim.scope.limit.into())),
        ("ttls", ints(|claim| claim.ttl_ms)),
        ("starts", Param::Ints(starts)),
        ("leases", Param::Ids(leases)),
        ("bytes_max", Param::Int(limits::CLAIM_BYTES_MAX)),
        ("claimed", Param::Int(EventKind::Claimed.code().into())),
        ("resumed", Param::Int(EventKind::Resumed.code().into())),
    ]
}
