//! The engine as a whole: operations, waiting claims and background workers on a store. Everything is written for any store.

mod awaited;
mod background;
mod cancel;
mod claims;
mod created;
mod dispatch;
mod events;
mod joint;
mod metrics;
mod namespaces;
mod node;
mod operators;
mod outage;
mod poison;
mod stop;
mod store;
mod stores;
mod words;
