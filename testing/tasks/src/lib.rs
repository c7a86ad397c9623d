//! The execution engine against a slow interpreter of its contract.
