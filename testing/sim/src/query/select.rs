//! Projections and filters, with and without DISTINCT, and rows that another relation must or must not match.

use super::from::From;
use super::{Draft, QueryMaker, outputs};
use crate::datum::Type;
use crate::expression::{Column, expression, of_type};

impl QueryMaker<'_> {
    /// `SELECT [DISTINCT] … FROM … [WHERE …]`
    pub(super) fn select(&mut self, depth: usize) -> Draft {
        let distinct = self.chance.percent(30);
        let From { text, scope } = self.from(depth);
        let types = self.types(&scope, if distinct { 2 } else { 4 });
        let filter = self.maybe_where(&scope, 60);
        let mut draft = self.project(&types, &text, &scope, &filter, if distinct { "DISTINCT " } else { "" });
        if !distinct {
            self.add_noisy(&mut draft, &scope);
        }
        draft
    }

    /// The query that gives these types over `from`.
    pub(super) fn project(&mut self, types: &[Type], from: &str, scope: &[Column], filter: &str, distinct: &str) -> Draft {
        let columns: Vec<String> = types.iter().map(|&data_type| expression(self.chance, scope, data_type, 2)).collect();
        Draft { text: format!("SELECT {distinct}{} FROM {from}{filter}", outputs(&columns)), columns: types.to_vec() }
    }

    /// One to `count` types of which the first is a number, so that relations can be joined.
    pub(super) fn types(&mut self, scope: &[Column], count: usize) -> Vec<Type> {
        let count = self.chance.between(1, count);
        let others = (1..count).map(|_| self.data_type(scope));
        [Type::Int].into_iter().chain(others.collect::<Vec<_>>()).collect()
    }

    /// A type; most of the time one of which there is a column, so that values are not all constants.
    pub(super) fn data_type(&mut self, scope: &[Column]) -> Type {
        let there: Vec<Type> = scope.iter().map(|column| column.data_type).filter(|own| *own != Type::Noisy).collect();
        match self.chance.pick_some(&there) {
            Some(data_type) if self.chance.percent(85) => *data_type,
            _ => *self.chance.pick(&Type::STORED),
        }
    }

    /// Shows a column that may only be shown.
    fn add_noisy(&mut self, draft: &mut Draft, scope: &[Column]) {
        let noisy = of_type(scope, Type::Noisy);
        if let Some(column) = self.chance.pick_some(&noisy) {
            let behind = format!("{} AS c{} FROM ", column.name, draft.columns.len());
            draft.text = draft.text.replacen(" FROM ", &format!(", {behind}"), 1);
            draft.columns.push(Type::Noisy);
        }
    }

    /// `… WHERE [NOT] EXISTS (…)` and `… WHERE e IN (…)`
    pub(super) fn exists(&mut self, depth: usize) -> Draft {
        let From { text, scope } = self.from(depth);
        let types = self.types(&scope, 3);
        let other = self.relation();
        let also = self.maybe_where(&scope, 30).replacen(" WHERE ", " AND ", 1);
        let condition = match self.chance.below(5) {
            0 | 1 => {
                let keys = of_type(&other.scope, Type::Int);
                let inner = self.chance.pick_some(&keys).map_or_else(|| "1".to_owned(), |column| column.name.clone());
                let filter = self.maybe_where(&other.scope, 40);
                let outer = expression(self.chance, &scope, Type::Int, 1);
                format!("{outer} IN (SELECT {inner} FROM {}{filter})", other.text)
            }
            kind => {
                let equality = self.equality(&scope, &other.scope);
                let both = [scope.clone(), other.scope].concat();
                let residual = self.maybe_where(&both, 30).replacen(" WHERE ", " AND ", 1);
                let not = if kind == 2 { "" } else { "NOT " };
                format!("{not}EXISTS (SELECT 1 FROM {} WHERE {equality}{residual})", other.text)
            }
        };
        self.project(&types, &text, &scope, &format!(" WHERE {condition}{also}"), "")
    }
}
