//! The engine as a whole: operations, waiting claims and background workers on a store. Everything is written for any store.

mod awaited;
mod background;
mod cancel;
mod claims;
mod created;
mod dispatch;
mod docs;
mod events;
mod everything;
mod hints;
mod indexes;
mod joint;
mod metrics;
mod namespaces;
mod node;
mod operators;
mod outage;
mod poison;
mod residue;
mod stop;
mod store;
mod stores;
mod unanswered;
mod views;
mod words;
