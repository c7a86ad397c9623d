//! The PostgreSQL store against real servers. Each test has a database of its own; those that stop a server have a server.

mod claims;
mod conformance;
mod contention;
mod faults;
mod hints;
mod keys;
mod lost_claims;
mod merging;
mod parts;
mod renewals;
mod rules;
mod runs;
mod schema;
mod scopes;
mod settling;
mod statements;
mod subscription;
mod support;
