//! Routes and lanes: the few rows that every claim asks for. The writer keeps them between transactions.

use std::collections::BTreeMap;

use levada_store::alphabets::LaneState;
use levada_store::rows::{Lane, Route};
use levada_store::{ClaimScope, Command, Record, RecordKey};

use crate::errors::Result;
use crate::select::Select;
use crate::session::Session;

static ROUTES: Select<Route> = Select::new("");
static LANES: Select<Lane> = Select::new("");

/// All routes and lanes.
#[derive(Debug, Default)]
pub(crate) struct Places {
    routes: Vec<Route>,
    lanes: BTreeMap<String, Lane>,
}

impl Places {
    pub(super) fn load(session: &Session<'_>) -> Result<Self> {
        let lanes = session.all(&LANES, [])?;
        Ok(Self { routes: session.all(&ROUTES, [])?, lanes: lanes.into_iter().map(|lane| (lane.name.clone(), lane)).collect() })
    }

    /// Whether a command changes what is kept here.
    pub(crate) fn changed_by(command: &Command) -> bool {
        matches!(
            command,
            Command::Put(Record::Route(_) | Record::Lane(_)) | Command::Delete(RecordKey::Route(_) | RecordKey::Lane(_))
        )
    }

    pub(super) fn lane(&self, name: &str) -> Option<&Lane> {
        self.lanes.get(name)
    }

    /// The routes of a lane.
    pub(super) fn of_lane<'a>(&'a self, lane: &'a str) -> impl Iterator<Item = &'a Route> + 'a {
        self.routes.iter().filter(move |route| route.lane == lane)
    }

    /// The lane of a route if it has a limit.
    pub(super) fn limited_lane(&self, route: &Route) -> Option<&str> {
        self.lane(&route.lane).filter(|lane| lane.max_active.is_some()).map(|lane| lane.name.as_str())
    }

    /// The routes that a claim can take from.
    pub(super) fn fitting(&self, scope: &ClaimScope) -> Vec<&Route> {
        self.routes.iter().filter(|route| self.fits(route, scope)).collect()
    }

    fn fits(&self, route: &Route, scope: &ClaimScope) -> bool {
        let state = self.lanes.get(&route.lane).map_or(LaneState::Open, |lane| lane.state);
        scope.lanes.contains(&route.lane)
            && matches!(state, LaneState::Open | LaneState::Draining)
            && scope.namespaces.as_ref().is_none_or(|names| names.contains(&route.namespace))
            && route
                .capabilities
                .split(',')
                .all(|word| word.is_empty() || scope.capabilities.iter().any(|offered| offered == word))
    }
}
