//! What the SQL stores are asked by the engine: how many statements and rows calls take, that renewals, ends and claims in one statement
//! each cannot be told from the rules, and that none of them touches what cannot be read.

mod counts;
mod damage;
mod dice;
mod head;
mod histories;
mod narrow;
mod ordinary;
mod sets;
mod side;
mod step;
