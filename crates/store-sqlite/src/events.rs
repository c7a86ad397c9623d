//! Events by cursor. Ids rise from transaction to transaction and only one transaction is under way, so the id is the cursor.

use levada_store::rows::{Event, Tag};
use levada_store::{Cursor, EventPage, Filter};

use crate::codec::id;
use crate::errors::Result;
use crate::select::Select;
use crate::session::Session;

static EVENTS: Select<Event> = Select::new("WHERE id > ?1 ORDER BY id LIMIT ?2");
static TAG: Select<Tag> = Select::new("WHERE owner = ?1 AND \"key\" = ?2 AND value = ?3");

/// The events after a cursor that a filter lets through, of at most `limit` that were looked at.
pub(crate) fn page(session: &Session<'_>, after: Cursor, filter: &Filter, limit: u32) -> Result<EventPage> {
    let mut page = EventPage { events: Vec::new(), next: after };
    for event in session.all(&EVENTS, (after.event, limit))? {
        page.next.event = event.id;
        if lets(filter, &event) && is_tagged(session, filter, &event)? {
            page.events.push(event);
        }
    }
    Ok(page)
}

/// Whether everything but the tag is as asked for.
fn lets(filter: &Filter, event: &Event) -> bool {
    (filter.namespaces.is_empty() || filter.namespaces.contains(&event.namespace))
        && filter.run.is_none_or(|run| event.run_id == Some(run))
        && filter.execution.is_none_or(|id| event.execution_id == Some(id))
        && (filter.lanes.is_empty() || event.lane.as_ref().is_some_and(|lane| filter.lanes.contains(lane)))
        && (filter.kinds.is_empty() || filter.kinds.contains(&event.kind))
}

/// Whether its run or its execution carries the tag.
fn is_tagged(session: &Session<'_>, filter: &Filter, event: &Event) -> Result<bool> {
    let Some((key, value)) = &filter.tag else { return Ok(true) };
    for owner in [event.run_id.map(|run| run.0), event.execution_id.map(|execution| execution.0)].into_iter().flatten() {
        if session.one(&TAG, (id(owner), key, value))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
