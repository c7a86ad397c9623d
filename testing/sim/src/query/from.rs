//! What stands behind FROM: relations, subqueries, joins.

use super::{OuterJoins, QueryMaker};
use crate::datum::Type;
use crate::expression::{Column, expression, of_type};

/// A FROM clause and the columns it gives.
pub(super) struct From {
    pub text: String,
    pub scope: Vec<Column>,
}

impl QueryMaker<'_> {
    /// Something to read, at most `depth` levels deep.
    pub(super) fn from(&mut self, depth: usize) -> From {
        let mut from = self.factor(depth);
        let joins = match self.chance.below(20) {
            0..=10 => 0,
            11..=17 => 1,
            _ => 2,
        };
        for _ in 0..joins {
            from = self.join(from, depth);
        }
        from
    }

    /// Something to read whose rows are put in order.
    pub(super) fn sortable_from(&mut self, depth: usize) -> From {
        let before = std::mem::replace(&mut self.outer_joins, OuterJoins::BelowViewsOnly);
        let from = self.from(depth);
        self.outer_joins = before;
        from
    }

    fn factor(&mut self, depth: usize) -> From {
        if depth > 0 && self.chance.percent(20) {
            let draft = self.draft(depth - 1);
            return self.aliased(format!("({})", draft.text), &draft.columns);
        }
        self.relation()
    }

    /// One relation by name.
    pub(super) fn relation(&mut self) -> From {
        let relation = self.chance.pick(self.relations).clone();
        let text = self.read(&relation.name, relation.name.clone(), relation.oracle);
        self.aliased(text, &relation.columns)
    }

    fn aliased(&mut self, text: String, columns: &[Type]) -> From {
        let alias = self.alias();
        let scope = columns.iter().enumerate().map(|(at, &data_type)| Column { name: format!("{alias}.c{at}"), data_type });
        From { scope: scope.collect(), text: format!("{text} AS {alias}") }
    }

    fn join(&mut self, left: From, depth: usize) -> From {
        let right = self.factor(depth);
        let kind = match self.outer_joins {
            OuterJoins::Allowed => *self.chance.pick(&["JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]),
            OuterJoins::BelowViewsOnly => "JOIN",
        };
        let mut conditions = vec![self.equality(&left.scope, &right.scope)];
        if self.chance.percent(15) {
            conditions.push(self.equality(&left.scope, &right.scope));
        }
        let scope = [left.scope, right.scope].concat();
        if self.chance.percent(30) {
            conditions.push(self.condition(&scope));
        }
        let text = format!("{} {kind} {} ON {}", left.text, right.text, conditions.join(" AND "));
        From { text, scope }
    }

    /// A condition that makes two columns equal; where no types fit, one over expressions.
    pub(super) fn equality(&mut self, left: &[Column], right: &[Column]) -> String {
        let start = self.chance.below(left.len());
        for at in 0..left.len() {
            let column = &left[(start + at) % left.len()];
            let fitting = if column.data_type == Type::Noisy { Vec::new() } else { of_type(right, column.data_type) };
            if let Some(other) = self.chance.pick_some(&fitting) {
                let operator = if self.chance.percent(8) { "IS NOT DISTINCT FROM" } else { "=" };
                return format!("{} {operator} {}", column.name, other.name);
            }
        }
        let key = |maker: &mut Self, scope| expression(maker.chance, scope, Type::Int, 2);
        format!("{} = {}", key(self, left), key(self, right))
    }

    /// A condition; most of the time one that lets most rows through, so that there is something to see.
    pub(super) fn condition(&mut self, scope: &[Column]) -> String {
        let Some(column) = self.chance.pick_some(scope).filter(|column| column.data_type != Type::Noisy).cloned() else {
            return expression(self.chance, scope, Type::Bool, 2);
        };
        let value = column.data_type.value(self.chance).literal();
        match self.chance.below(10) {
            0 | 1 => format!("({} <> {value} OR {} IS NULL)", column.name, column.name),
            2 => format!("{} IS NOT NULL", column.name),
            3 => format!("{} > {value}", column.name),
            4 => format!("{} <= {value}", column.name),
            5 => format!("({} IS DISTINCT FROM {value})", column.name),
            _ => expression(self.chance, scope, Type::Bool, 2),
        }
    }

    /// ` WHERE …`, or nothing.
    pub(super) fn maybe_where(&mut self, scope: &[Column], percent: usize) -> String {
        if self.chance.percent(percent) { format!(" WHERE {}", self.condition(scope)) } else { String::new() }
    }
}
