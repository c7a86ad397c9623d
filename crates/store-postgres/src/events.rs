//! The log of events by cursor: in the order of (transaction, id), and only below the oldest transaction that still runs, so that
//! nothing can appear before what was already returned.

use std::time::Duration;

use levada_base::Error;
use levada_store::rows::{Event, Row as _};
use levada_store::{Cursor, EventPage, Filter};
use tokio::time::sleep;
use tokio_postgres::Row;

use crate::param::Param;
use crate::record::{self, Raw};
use crate::shared::Shared;
use crate::slice::{damaged, undecodable};
use crate::statement::{Fragment, Mode, Statement};

/// How often an empty page is read again if newer events are committed but not yet in order: a transaction that began before theirs
/// is about to end.
const WAITS_MAX: u32 = 40;
const WAIT: Duration = Duration::from_millis(5);

impl Shared {
    /// # Errors
    /// `LV-T702`, `LV-T710`.
    pub async fn events(&self, after: Cursor, filter: &Filter, limit: u32) -> Result<EventPage, Error> {
        for _ in 0..WAITS_MAX {
            let rows = self.rows(&[page(after, filter, limit)]).await?.into_iter().flatten().collect::<Vec<_>>();
            if !rows.is_empty() || !self.is_behind(after).await? {
                return read(after, filter, &rows);
            }
            sleep(WAIT).await;
        }
        Ok(EventPage { events: Vec::new(), next: after })
    }

    /// Whether there are events after a cursor that can't be returned yet.
    async fn is_behind(&self, after: Cursor) -> Result<bool, Error> {
        let sql =
            "SELECT 1 FROM event WHERE (transaction, id) > ($transaction::text::xid8, $id) ORDER BY transaction, id LIMIT 1";
        let behind = Fragment::new(sql, cursor(after)).statement(Mode::Read);
        Ok(self.rows(&[behind]).await?.iter().any(|rows| !rows.is_empty()))
    }
}

fn cursor(after: Cursor) -> Vec<(&'static str, Param)> {
    vec![("transaction", Param::Int(after.transaction)), ("id", Param::Int(after.event))]
}

fn page(after: Cursor, filter: &Filter, limit: u32) -> Statement {
    let (key, value) = filter.tag.clone().unzip();
    let mut params = cursor(after);
    params.extend([("limit", Param::Int(limit.into())), ("key", Param::MaybeText(key)), ("value", Param::MaybeText(value))]);
    Fragment::new(include_str!("sql/events.sql"), params).statement(Mode::Read)
}

fn read(after: Cursor, filter: &Filter, rows: &[Row]) -> Result<EventPage, Error> {
    let mut page = EventPage { events: Vec::new(), next: after };
    for row in rows {
        page.next = Cursor { transaction: row.try_get(0).map_err(undecodable)?, event: row.try_get(1).map_err(undecodable)? };
        let tagged: bool = row.try_get(2).map_err(undecodable)?;
        let raw: Raw<'_> = row.try_get(4).map_err(undecodable)?;
        let id = page.next.event.to_string();
        let event = Event::read(record::values(raw.0)?).map_err(|bad| damaged("event", &id, &bad))?;
        if tagged && lets_through(filter, &event) {
            page.events.push(event);
        }
    }
    Ok(page)
}

fn lets_through(filter: &Filter, event: &Event) -> bool {
    (filter.namespaces.is_empty() || filter.namespaces.contains(&event.namespace))
        && filter.run.is_none_or(|run| event.run_id == Some(run))
        && filter.execution.is_none_or(|id| event.execution_id == Some(id))
        && (filter.lanes.is_empty() || event.lane.as_ref().is_some_and(|lane| filter.lanes.contains(lane)))
        && (filter.kinds.is_empty() || filter.kinds.contains(&event.kind))
}
