//! The rules: pure decisions and arithmetic. Nothing here awaits, reads a clock, draws a number or knows the `World`; times, random
//! words and new ids arrive as arguments.

pub mod schedule;
