//! PostgreSQL servers that tests start and stop, and a proxy that cuts connections.
