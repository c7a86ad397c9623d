//! Renewals, ends and claims in one statement each: how many statements they take, and that nobody can tell them from the rules.

mod counts;
mod dice;
mod histories;
mod ordinary;
mod side;
mod step;
