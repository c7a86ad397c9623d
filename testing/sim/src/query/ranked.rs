//! The first rows of all, and the first rows of each partition.

use super::from::From;
use super::{Draft, QueryMaker, outputs};
use crate::datum::Type;
use crate::expression::expression;

impl QueryMaker<'_> {
    /// `… ORDER BY all columns LIMIT n [OFFSET m]`: rows that tie are equal.
    pub(super) fn top(&mut self, depth: usize) -> Draft {
        let From { text, scope } = self.sortable_from(depth);
        let types = self.types(&scope, 3);
        let filter = self.maybe_where(&scope, 30);
        let mut draft = self.project(&types, &text, &scope, &filter, "");
        let order = self.order(&(0..types.len()).map(|at| format!("c{at}")).collect::<Vec<_>>());
        let limit = self.chance.between(1, 4);
        let offset = if self.chance.percent(25) { format!(" OFFSET {}", self.chance.between(1, 2)) } else { String::new() };
        draft.text = format!("{} ORDER BY {order} LIMIT {limit}{offset}", draft.text);
        // Within another query it stands in parentheses anyway.
        draft
    }

    /// `ROW_NUMBER() … <= n` over rows that tie only if they are equal.
    pub(super) fn numbered(&mut self, depth: usize) -> Draft {
        let From { text, scope } = self.sortable_from(depth);
        let types = self.types(&scope, 3);
        let columns: Vec<String> = types.iter().map(|&data_type| expression(self.chance, &scope, data_type, 1)).collect();
        let filter = self.maybe_where(&scope, 30);
        let inner = format!("SELECT {} FROM {text}{filter}", outputs(&columns));
        let names: Vec<String> = (0..types.len()).map(|at| format!("c{at}")).collect();
        let (partition, ordered) = names.split_at(self.chance.between(0, names.len() - 1));
        let partition = if partition.is_empty() { String::new() } else { format!("PARTITION BY {} ", partition.join(", ")) };
        let order = self.order(ordered);
        let numbered =
            format!("SELECT *, ROW_NUMBER() OVER ({partition}ORDER BY {order}) AS rn FROM ({inner}) AS {}", self.alias());
        let (limit, shown) = (self.chance.between(1, 3), self.chance.percent(30));
        let condition = self.chance.pick(&["<=", "<=", "<", "="]);
        let limit = if *condition == "<" { limit + 1 } else { limit };
        let mut columns = types;
        let mut shown_names = names;
        if shown {
            columns.push(Type::Int);
            shown_names.push(format!("CAST(rn AS BIGINT) AS c{}", shown_names.len()));
        }
        let text =
            format!("SELECT {} FROM ({numbered}) AS {} WHERE rn {condition} {limit}", shown_names.join(", "), self.alias());
        Draft { text, columns }
    }

    fn order(&mut self, names: &[String]) -> String {
        let keys = names.iter().map(|name| {
            let direction = *self.chance.pick(&["", " DESC"]);
            let nulls = *self.chance.pick(&["", " NULLS FIRST", " NULLS LAST"]);
            format!("{name}{direction}{nulls}")
        });
        keys.collect::<Vec<_>>().join(", ")
    }
}
