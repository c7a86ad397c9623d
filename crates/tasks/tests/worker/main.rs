//! The worker runtime against the engine on the in-memory store.

mod drain;
mod handlers;
mod leases;
mod service;
mod setup;
