//! The shared store: PostgreSQL 13 or newer, any number of engine nodes.
