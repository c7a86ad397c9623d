//! The PostgreSQL store against real servers. Each test has a database of its own; those that stop a server have a server.

mod conformance;
mod support;
