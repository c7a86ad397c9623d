//! Following what happens: a feed of events that resumes at a cursor without gap or repetition.
//!
//! Nothing is buffered for a slow reader: it asks page by page, and the cursor behind each page is where it, or another, goes on.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use levada_base::{Error, codes};
use levada_store::{Cursor, EventPage, Filter, Store, Wake, WakeReceiver};
use tokio::sync::broadcast::error::RecvError;

use super::Tasks;
use super::reads::page_size;
use crate::engine::{Engine, storable};
use crate::{metrics, timer};

/// Events of one page.
const PAGE: u32 = 1_000;
/// How often a feed looks by itself, in case a wake-up was lost.
const LOOK_MS: u64 = 1_000;

impl<S: Store> Tasks<S> {
    /// The events that a filter lets through, after a cursor or from the beginning of what is kept.
    #[must_use]
    pub fn subscribe(&self, filter: Filter, after: Option<Cursor>) -> EventFeed<S> {
        EventFeed {
            wakes: self.engine.store.wake(),
            filter: self.engine.own_events(filter),
            engine: Arc::clone(&self.engine),
            cursor: after.unwrap_or_default(),
            read_at: None,
        }
    }

    /// One page of up to `limit` events after a cursor, without waiting.
    ///
    /// # Errors
    /// `LV-T001` for a limit outside of 1 … 1000, `LV-T008` if events after the cursor may have been dropped; what the store says.
    pub async fn events(&self, after: Cursor, filter: &Filter, limit: u32) -> Result<EventPage, Error> {
        let limit = page_size(limit)?;
        self.engine.check_kept(after).await?;
        self.engine.events(after, &self.engine.own_events(filter.clone()), limit).await
    }
}

impl<S: Store> Engine<S> {
    /// The filter that lets only events of the namespaces through that this node serves.
    fn own_events(&self, mut filter: Filter) -> Filter {
        let asked = Some(filter.namespaces).filter(|names| !names.is_empty());
        // A node without a namespace that was asked for shows nothing, which no list of names says but one that is nobody's.
        let names = self.settings.narrowed(asked);
        filter.namespaces = names.map_or_else(Vec::new, |names| if names.is_empty() { vec![String::new()] } else { names });
        filter
    }

    async fn events(&self, after: Cursor, filter: &Filter, limit: u32) -> Result<EventPage, Error> {
        let tag = filter.tag.iter().flat_map(|(key, value)| [key, value]);
        let words: Vec<&str> = filter.namespaces.iter().chain(&filter.lanes).chain(tag).map(String::as_str).collect();
        storable(&words)?;
        self.store.events(after, filter, limit).await
    }

    /// Whether all events after a cursor are still there: events go oldest first, and the one that the cursor stands at is.
    async fn check_kept(&self, cursor: Cursor) -> Result<(), Error> {
        if cursor == Cursor::default() {
            return Ok(());
        }
        let before = Cursor { event: cursor.event.saturating_sub(1), ..cursor };
        if self.store.events(before, &Filter::default(), 1).await?.next == cursor {
            return Ok(());
        }
        let message = format!("cursor \"{}\" is older than the events that are kept", CursorText(cursor));
        Err(Error::new(codes::LV_T008, message).with_hint("start again without one; what was missed is in no event any longer"))
    }
}

/// A subscription.
pub struct EventFeed<S: Store> {
    engine: Arc<Engine<S>>,
    filter: Filter,
    cursor: Cursor,
    /// When it last read, by this node's clock; never in a feed that was just resumed.
    read_at: Option<Duration>,
    wakes: WakeReceiver,
}

impl<S: Store> EventFeed<S> {
    /// Where a reader goes on that has read every page so far.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// The next page with at least one event; waits for it. Dropping the future loses nothing.
    ///
    /// # Errors
    /// `LV-T008` if events after the cursor may have been dropped. What the store says; asking again goes on at the same place.
    pub async fn next(&mut self) -> Result<EventPage, Error> {
        loop {
            if let Some(page) = self.poll().await? {
                return Ok(page);
            }
            // A wake-up that does not come costs a look after a while.
            let _ = timer::within(Duration::from_millis(LOOK_MS), written(&mut self.wakes)).await;
        }
    }

    /// The next page if there is one now.
    ///
    /// # Errors
    /// `LV-T008` if events after the cursor may have been dropped; what the store says.
    pub async fn poll(&mut self) -> Result<Option<EventPage>, Error> {
        let now = self.engine.world.clock().elapsed();
        let kept = timer::span_of_ms(self.engine.settings.event_retention_ms);
        // Nothing that came after the last look can be gone while it is kept.
        if self.read_at.is_none_or(|at| now.saturating_sub(at) >= kept) {
            self.engine.check_kept(self.cursor).await?;
        }
        self.read_at = Some(now);
        loop {
            let page = self.engine.events(self.cursor, &self.filter, PAGE).await?;
            let moved = page.next != self.cursor;
            self.cursor = page.next;
            if let Some(first) = page.events.first() {
                metrics::event_lag(timer::span_of_ms(self.engine.about_now() - first.at_ms));
                return Ok(Some(page));
            }
            if !moved {
                return Ok(None);
            }
        }
    }
}

/// Until events were written, or may have been.
async fn written(wakes: &mut WakeReceiver) {
    loop {
        match wakes.recv().await {
            Ok(Wake::Events | Wake::All) | Err(RecvError::Lagged(_)) => return,
            // The store is gone: the look after a while says so.
            Err(RecvError::Closed) => std::future::pending().await,
            Ok(_) => {}
        }
    }
}

/// A cursor as text, for clients that keep it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CursorText(pub Cursor);

impl fmt::Display for CursorText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.0.transaction, self.0.event)
    }
}

impl FromStr for CursorText {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let parts = text.split_once('.').and_then(|(transaction, event)| {
            Some(Cursor { transaction: transaction.parse().ok()?, event: event.parse().ok()? })
        });
        parts.map(Self).ok_or_else(|| {
            Error::new(codes::LV_T008, format!("cursor \"{text}\" is malformed")).with_hint("start again without one")
        })
    }
}
