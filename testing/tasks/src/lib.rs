//! The execution engine against a slow interpreter of its contract.

pub mod chaos;
pub mod model;
pub mod planted;
pub mod ring0;
pub mod small;
