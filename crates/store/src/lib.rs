//! Durable records of executions and runs: rows, commands, the trait Store, the in-memory store and the exam of every store.
