//! GROUP BY, HAVING and the aggregate functions.

use super::from::From;
use super::{Draft, QueryMaker, outputs};
use crate::datum::Type;
use crate::expression::{Column, expression, of_type};

/// An aggregate call and what it gives.
struct Call {
    text: String,
    data_type: Type,
}

impl QueryMaker<'_> {
    /// Groups by up to two expressions; without any there is one group.
    pub(super) fn aggregate(&mut self, depth: usize) -> Draft {
        let From { text, scope } = self.from(depth);
        let filter = self.maybe_where(&scope, 40);
        let mut keys = Vec::new();
        for _ in 0..*self.chance.pick(&[0, 1, 1, 1, 2]) {
            keys.push(self.key(&scope));
        }
        self.grouped(&text, &scope, &filter, keys)
    }

    /// The query that groups `from` by `keys`, with some aggregates.
    pub(super) fn grouped(&mut self, from: &str, scope: &[Column], filter: &str, keys: Vec<(String, Type)>) -> Draft {
        let calls: Vec<Call> = (0..self.chance.between(1, 3)).map(|_| self.call(scope)).collect();
        let mut columns: Vec<String> = keys.iter().map(|(text, _)| text.clone()).collect();
        let mut types: Vec<Type> = keys.iter().map(|(_, data_type)| *data_type).collect();
        let group = if keys.is_empty() { String::new() } else { format!(" GROUP BY {}", columns.join(", ")) };
        columns.extend(calls.iter().map(|call| call.text.clone()));
        types.extend(calls.iter().map(|call| call.data_type));
        let having = if !keys.is_empty() && self.chance.percent(25) { self.having(scope) } else { String::new() };
        Draft { text: format!("SELECT {} FROM {from}{filter}{group}{having}", outputs(&columns)), columns: types }
    }

    /// Something to group by. A literal would be read as the number of a column.
    fn key(&mut self, scope: &[Column]) -> (String, Type) {
        let usable: Vec<&Column> = scope.iter().filter(|column| column.data_type != Type::Noisy).collect();
        match self.chance.pick_some(&usable) {
            Some(column) if self.chance.percent(75) => (column.name.clone(), column.data_type),
            Some(column) if column.data_type == Type::Int => (format!("({} % 3)", column.name), Type::Int),
            Some(column) => (format!("({} IS NULL)", column.name), Type::Bool),
            None => ("(1 = 1)".to_owned(), Type::Bool),
        }
    }

    fn having(&mut self, scope: &[Column]) -> String {
        let sum = expression(self.chance, scope, Type::Int, 1);
        match self.chance.below(3) {
            0 => format!(" HAVING count(*) > {}", self.chance.between(1, 2)),
            1 => format!(" HAVING sum({sum}) > 1"),
            _ => format!(" HAVING max({sum}) IS NOT NULL"),
        }
    }

    fn call(&mut self, scope: &[Column]) -> Call {
        let Call { text, data_type } = self.unfiltered(scope);
        let filtered = self.chance.percent(15);
        let filter =
            if filtered { format!(" FILTER (WHERE {})", expression(self.chance, scope, Type::Bool, 1)) } else { String::new() };
        Call { text: format!("{text}{filter}"), data_type }
    }

    fn unfiltered(&mut self, scope: &[Column]) -> Call {
        let call = |text: String, data_type| Call { text, data_type };
        let any = self.data_type(scope);
        let number = match self.data_type(scope) {
            number @ (Type::Int | Type::Float | Type::Decimal) => number,
            _ => Type::Int,
        };
        let mut of = |data_type| expression(self.chance, scope, data_type, 1);
        let (a, n, i, b) = (of(any), of(number), of(Type::Int), of(Type::Bool));
        let distinct = if self.chance.percent(20) { "DISTINCT " } else { "" };
        match self.chance.below(16) {
            0 | 1 => call("count(*)".to_owned(), Type::Int),
            2 => call(format!("count({distinct}{a})"), Type::Int),
            3 => self.distinct_values(scope),
            4 | 5 => call(format!("sum({distinct}{n})"), number),
            6 => call(format!("avg({distinct}{n})"), if number == Type::Decimal { Type::Decimal } else { Type::Noisy }),
            7 | 8 => call(format!("min({a})"), any),
            9 | 10 => call(format!("max({a})"), any),
            11 => call(format!("{}({b})", self.chance.pick(&["bool_and", "bool_or"])), Type::Bool),
            12 => call(format!("{}({i})", self.chance.pick(&["bit_and", "bit_or", "bit_xor"])), Type::Int),
            13 => {
                let function = *self.chance.pick(&["var_pop", "var_samp", "stddev_pop", "stddev_samp"]);
                call(format!("{function}({})", expression(self.chance, scope, Type::Float, 1)), Type::Noisy)
            }
            14 => self.first_or_last(scope).unwrap_or_else(|| call("count(*)".to_owned(), Type::Int)),
            _ => self.noisy_extreme(scope).unwrap_or_else(|| call("count(*)".to_owned(), Type::Int)),
        }
    }

    /// Counts or adds up the distinct values of a column, of which there are few.
    fn distinct_values(&mut self, scope: &[Column]) -> Call {
        match self.chance.pick_some(&of_type(scope, Type::Int)) {
            Some(column) if self.chance.percent(50) => {
                Call { text: format!("sum(DISTINCT {})", column.name), data_type: Type::Int }
            }
            Some(column) => Call { text: format!("count(DISTINCT {})", column.name), data_type: Type::Int },
            None => Call { text: "count(DISTINCT (1 = 1))".to_owned(), data_type: Type::Int },
        }
    }

    /// Rows that tie in the order have equal values. Over columns only: the batch engine panics where an order turns out to name
    /// something twice.
    fn first_or_last(&mut self, scope: &[Column]) -> Option<Call> {
        let usable: Vec<&Column> = scope.iter().filter(|column| column.data_type != Type::Noisy).collect();
        let (value, order) = (*self.chance.pick_some(&usable)?, *self.chance.pick_some(&usable)?);
        let function = *self.chance.pick(&["first_value", "last_value"]);
        let direction = *self.chance.pick(&["", " DESC", " NULLS FIRST", " DESC NULLS LAST"]);
        let tie = if order.name == value.name { String::new() } else { format!(", {}", value.name) };
        let text = format!("{function}({} ORDER BY {}{direction}{tie})", value.name, order.name);
        Some(Call { text, data_type: value.data_type })
    }

    fn noisy_extreme(&mut self, scope: &[Column]) -> Option<Call> {
        let noisy = of_type(scope, Type::Noisy);
        let column = self.chance.pick_some(&noisy)?;
        Some(Call { text: format!("max({})", column.name), data_type: Type::Noisy })
    }
}
