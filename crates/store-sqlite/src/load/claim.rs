//! What a claim's slice brings: candidates in the order of priority and creation, with what a worker needs to begin.
//!
//! A claim that finds nothing is one statement. A route is a prefix of the claim index, so rows that this claim cannot take are
//! never looked at.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use levada_store::rows::{Input, Pin, ResultRow};
use levada_store::{ClaimScope, ExecutionId};
use rusqlite::Row;

use super::{Places, Slice};
use crate::codec::id;
use crate::errors::{Failure, Result};
use crate::select::Select;

/// Executions that this claim already took, then the ready ones of a route. Columns: id, priority, seq, 1 if it was taken.
pub(crate) const SEARCH: &str = include_str!("../sql/claim.sql");
pub(super) const ACTIVE_OF_ROUTE: &str = "SELECT count(*) FROM execution WHERE phase = 2 AND route_id = ?1";

static INPUT: Select<Input> = Select::with_short_bytes("WHERE execution_id = ?1");
static PINS: Select<Pin> = Select::new("WHERE execution_id = ?1");
static PINNED: Select<ResultRow> = Select::with_short_bytes("WHERE execution_id = ?1 AND generation = ?2");

/// A ready execution: the highest priority first, then the oldest.
type Rank = (Reverse<i64>, i64, ExecutionId);

/// What a search found so far.
#[derive(Default)]
struct Found {
    taken: Vec<ExecutionId>,
    /// Of what has no limit, and of every lane with one: a lane that is full hides none of the others.
    best: BTreeMap<Option<String>, BTreeSet<Rank>>,
}

impl Slice<'_> {
    pub(super) fn claim(&mut self, scope: &ClaimScope) -> Result<()> {
        let places = self.places()?;
        let found = self.search(scope, &places)?;
        if !found.taken.is_empty() {
            return found.taken.into_iter().try_for_each(|id| self.for_a_worker(id));
        }
        self.lanes_with_limits(scope, &places)?;
        for (_, _, id) in found.best.into_values().flatten() {
            self.for_a_worker(id)?;
            self.state.candidates.insert(id);
            self.offer(id);
        }
        Ok(())
    }

    /// Claims that share a transaction each bring rows of their own. Each brings the first of its routes that nobody brought before, so
    /// what is here of a route is always its beginning.
    fn offer(&mut self, execution: ExecutionId) {
        let route = self.state.executions.get(&execution).map(|row| row.route_id);
        if let Some((offered, route)) = self.offered.as_mut().zip(route) {
            *offered.entry(route).or_default() += 1;
        }
    }

    fn offered(&self, route: Option<i64>) -> u32 {
        self.offered.as_ref().zip(route).and_then(|(offered, route)| offered.get(&route).copied()).unwrap_or(0)
    }

    fn places(&mut self) -> Result<Arc<Places>> {
        if let Some(places) = &self.places {
            return Ok(Arc::clone(places));
        }
        let places = Arc::new(Places::load(self.session)?);
        self.places = Some(Arc::clone(&places));
        Ok(places)
    }

    fn search(&self, scope: &ClaimScope, places: &Places) -> Result<Found> {
        let mut found = Found::default();
        let mut statement = self.session.statement(SEARCH)?;
        // Without a route it still has to be seen whether the claim is a repetition.
        let routes = places.fitting(scope);
        let routes: Vec<_> = if routes.is_empty() { vec![None] } else { routes.into_iter().map(Some).collect() };
        for route in routes {
            let (id_of, limited) = (route.map(|route| route.id), route.and_then(|route| places.limited_lane(route)));
            let mut rows = statement.query((id(scope.token.0), &scope.instance, id_of, scope.limit, self.offered(id_of)))?;
            while let Some(row) = rows.next()? {
                if !found.takes(row, limited, scope.limit as usize)? {
                    break;
                }
            }
            if !found.taken.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    fn lanes_with_limits(&mut self, scope: &ClaimScope, places: &Places) -> Result<()> {
        for lane in scope.lanes.iter().filter_map(|name| places.lane(name)) {
            self.state.lanes.insert(lane.name.clone(), lane.clone());
            if lane.max_active.is_none() {
                continue;
            }
            let mut active = 0;
            for route in places.of_lane(&lane.name) {
                active += self.session.number(ACTIVE_OF_ROUTE, [route.id])?.unwrap_or(0);
            }
            self.state.active_in_lane.insert(lane.name.clone(), active);
        }
        Ok(())
    }

    /// An execution with its input and what its pins point to.
    fn for_a_worker(&mut self, execution: ExecutionId) -> Result<()> {
        self.execution(execution)?;
        self.bring(&INPUT, [id(execution.0)])?;
        for pin in self.session.all(&PINS, [id(execution.0)])? {
            self.bring(&PINNED, (id(pin.upstream.0), pin.generation))?;
            self.state.put(pin.into());
        }
        Ok(())
    }
}

impl Found {
    /// Keeps a row of the search if it is among the best. Whether a later one of the same route still may be.
    fn takes(&mut self, row: &Row<'_>, limited: Option<&str>, limit: usize) -> Result<bool> {
        let execution = ExecutionId(u128::from_be_bytes(row.get(0).map_err(Failure::from)?));
        if row.get::<_, bool>(3)? {
            self.taken.push(execution);
            return Ok(true);
        }
        let rank = (Reverse(row.get(1)?), row.get(2)?, execution);
        let best = self.best.entry(limited.map(str::to_owned)).or_default();
        if best.len() >= limit && best.last().is_none_or(|worst| rank > *worst) {
            return Ok(false);
        }
        best.insert(rank);
        if best.len() > limit {
            best.pop_last();
        }
        Ok(true)
    }
}
