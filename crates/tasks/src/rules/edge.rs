//! When an edge is satisfied.

use std::cmp::Ordering;

use levada_store::alphabets::{EdgeWhen, Outcome};
use levada_store::rows::{Comparison, Fact, Facts, Predicate, Predicates};

/// Whether an upstream that ended with `outcome` and reported `facts` satisfies an edge.
pub(crate) fn is_satisfied(satisfied_by: EdgeWhen, predicates: &Predicates, outcome: Outcome, facts: Option<&Facts>) -> bool {
    satisfied_by.is_met_by(outcome) && predicates.0.iter().all(|predicate| holds(predicate, facts))
}

/// A fact that is absent, or of another type than the literal, satisfies nothing.
fn holds(predicate: &Predicate, facts: Option<&Facts>) -> bool {
    let Some(fact) = facts.and_then(|facts| facts.0.get(&predicate.fact)) else { return false };
    let Some(order) = compare(fact, &predicate.literal) else { return false };
    match predicate.op {
        Comparison::Equal => order == Ordering::Equal,
        Comparison::NotEqual => order != Ordering::Equal,
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::GreaterOrEqual => order != Ordering::Less,
    }
}

fn compare(fact: &Fact, literal: &Fact) -> Option<Ordering> {
    match (fact, literal) {
        (Fact::Int(fact), Fact::Int(literal)) => Some(fact.cmp(literal)),
        (Fact::Text(fact), Fact::Text(literal)) => Some(fact.cmp(literal)),
        (Fact::Bool(fact), Fact::Bool(literal)) => Some(fact.cmp(literal)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(satisfied_by: EdgeWhen, outcome: Outcome) -> bool {
        is_satisfied(satisfied_by, &Predicates::default(), outcome, None)
    }

    #[test]
    fn t_061_edge_table() {
        use EdgeWhen as W;
        use Outcome as O;
        // Columns: success, failure, done, skipped, not_failed.
        let table = [
            (O::Succeeded, [true, false, true, false, true]),
            (O::Failed, [false, true, true, false, false]),
            (O::Expired, [false, true, true, false, false]),
            (O::Cancelled, [false, false, true, false, false]),
            (O::Skipped, [false, false, true, true, true]),
        ];
        for (outcome, row) in table {
            for (when, expected) in [W::Success, W::Failure, W::Done, W::Skipped, W::NotFailed].into_iter().zip(row) {
                assert_eq!(edge(when, outcome), expected, "{when} after {outcome}");
            }
        }
    }

    #[test]
    fn t_061_predicates() {
        let facts = Facts([("rows".to_owned(), Fact::Int(5))].into());
        let with = |fact: &str, op, literal| {
            let predicates = Predicates(vec![Predicate { fact: fact.to_owned(), op, literal }]);
            is_satisfied(EdgeWhen::Success, &predicates, Outcome::Succeeded, Some(&facts))
        };
        assert!(with("rows", Comparison::Greater, Fact::Int(4)));
        assert!(!with("rows", Comparison::Greater, Fact::Int(5)));
        assert!(with("rows", Comparison::GreaterOrEqual, Fact::Int(5)));
        assert!(with("rows", Comparison::LessOrEqual, Fact::Int(5)));
        assert!(!with("rows", Comparison::NotEqual, Fact::Int(5)));
        assert!(!with("absent", Comparison::NotEqual, Fact::Int(5)), "an absent fact satisfies nothing");
        assert!(!with("rows", Comparison::NotEqual, Fact::Text("5".to_owned())), "nor does one of another type");
    }
}
