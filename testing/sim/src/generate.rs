//! From a seed to a case: relations, queries over them and over each other, then changes.

use crate::chance::Chance;
use crate::datum::{Datum, Type};
use crate::expression::{Column, expression};
use crate::query::{Relation, random_query, random_stream};
use crate::scenario::{Scenario, Source, SourceKind, Step, Table, TableKind, View, mirror};

const VIEWS_MAX: usize = 4;
const CHANGES_MAX: usize = 9;
const ROWS_MAX: usize = 7;
const SECOND_US: i64 = 1_000_000;

/// Makes the case of a seed.
#[must_use]
pub fn scenario(seed: u64) -> Scenario {
    let mut maker = Maker {
        chance: Chance::new(seed),
        steps: Vec::new(),
        relations: Vec::new(),
        tables: Vec::new(),
        sources: Vec::new(),
        keys: Vec::new(),
    };
    maker.relations();
    if maker.chance.percent(25) {
        maker.stream();
    } else {
        maker.maybe_rows_before();
    }
    let views = maker.chance.between(2, VIEWS_MAX);
    for at in 0..views {
        maker.view(at);
    }
    for _ in 0..maker.chance.between(4, CHANGES_MAX) {
        maker.change();
    }
    maker.late_view(views);
    maker.ending();
    Scenario { steps: maker.steps }
}

struct Maker {
    chance: Chance,
    steps: Vec<Step>,
    /// What queries can read.
    relations: Vec<Relation>,
    tables: Vec<Table>,
    sources: Vec<Source>,
    /// The keys that are in the source of upserts, if there is one.
    keys: Vec<i64>,
}

impl Maker {
    fn relations(&mut self) {
        let tables = self.chance.between(1, 2);
        for at in 0..tables {
            let kind = match self.chance.below(10) {
                0..=3 => TableKind::Bag,
                4..=6 => TableKind::Keyed,
                7 | 8 => TableKind::Overwrite,
                _ => TableKind::AppendOnly,
            };
            let table = Table { name: format!("t{at}"), columns: self.types(), kind };
            self.readable(&table.name, table.name.clone(), &table.columns, None);
            self.steps.push(Step::CreateTable(table.clone()));
            self.tables.push(table);
        }
        if self.chance.percent(60) {
            self.source("s0");
        }
    }

    fn source(&mut self, name: &str) {
        let mut columns = self.types();
        let kind = match self.chance.below(10) {
            0..=5 => {
                columns[1] = Type::Time;
                SourceKind::Timed { time: 1, delay: *self.chance.pick(&[0, 5, 10]) * SECOND_US }
            }
            6 | 7 => SourceKind::Plain,
            _ => SourceKind::Upserts,
        };
        let source = Source { name: name.to_owned(), columns, kind };
        let delay = if let SourceKind::Timed { delay, .. } = kind { Some(delay) } else { None };
        self.readable(name, mirror(name), &source.columns, delay);
        self.steps.push(Step::CreateSource(source.clone()));
        self.sources.push(source);
    }

    fn readable(&mut self, name: &str, oracle: String, columns: &[Type], watermark_delay: Option<i64>) {
        self.relations.push(Relation { name: name.to_owned(), oracle, columns: columns.to_vec(), watermark_delay });
    }

    fn types(&mut self) -> Vec<Type> {
        let others = self.chance.between(1, 3);
        [Type::Int].into_iter().chain((0..others).map(|_| *self.chance.pick(&Type::STORED))).collect()
    }

    /// A view may begin with rows.
    fn maybe_rows_before(&mut self) {
        for table in self.tables.clone() {
            for _ in 0..self.chance.below(3) {
                self.insert(&table);
            }
        }
    }

    fn view(&mut self, at: usize) {
        let name = format!("v{at}");
        let query = random_query(&mut self.chance, &self.relations, &name);
        self.readable(&name, name.clone(), &query.columns, None);
        self.steps.push(Step::CreateView(Box::new(View { name, stored: true, query })));
    }

    /// What reads a stream is compared with the stream's text over what lies below.
    fn stream(&mut self) {
        let name = "p0".to_owned();
        let query = random_stream(&mut self.chance, &self.relations);
        self.readable(&name, format!("({})", query.oracle), &query.columns, None);
        self.steps.push(Step::CreateView(Box::new(View { name, stored: false, query })));
    }

    /// A view that comes when there is something, and may go again. It reads only what holds its rows.
    fn late_view(&mut self, at: usize) {
        if !self.chance.percent(40) {
            return;
        }
        let stored: Vec<Relation> =
            self.relations.iter().filter(|relation| relation.name == relation.oracle).cloned().collect();
        let name = format!("v{at}");
        let query = random_query(&mut self.chance, &stored, &name);
        self.steps.push(Step::CreateView(Box::new(View { name: name.clone(), stored: true, query })));
        for _ in 0..self.chance.below(3) {
            self.change();
        }
        if self.chance.percent(50) {
            self.steps.push(Step::DropView(name));
            self.change();
        }
    }

    fn change(&mut self) {
        if let Some(source) = self.chance.pick_some(&self.sources).cloned()
            && self.chance.percent(50)
        {
            self.push(source);
            return;
        }
        let table = self.chance.pick(&self.tables).clone();
        match self.chance.below(10) {
            _ if table.kind == TableKind::AppendOnly => self.insert(&table),
            0..=5 => self.insert(&table),
            6..=8 => self.update(&table),
            _ => self.delete(&table),
        }
    }

    fn push(&mut self, source: Source) {
        let mut rows = self.rows(&source.columns);
        if source.kind == SourceKind::Upserts {
            if !self.keys.is_empty() && self.chance.percent(30) {
                let count = self.chance.between(1, 2);
                let keys = self.chance.some(&self.keys, count);
                self.keys.retain(|key| !keys.contains(key));
                self.steps.push(Step::Unpush { source: source.name, keys });
                return;
            }
            for row in &mut rows {
                let key = i64::try_from(self.chance.below(8)).unwrap_or_default();
                row[0] = Datum::Int(key);
                self.keys.retain(|known| *known != key);
                self.keys.push(key);
            }
        }
        self.steps.push(Step::Push { source: source.name, types: source.columns, rows });
    }

    fn insert(&mut self, table: &Table) {
        let rows = self.rows(&table.columns);
        self.steps.push(Step::Insert { table: table.name.clone(), rows });
    }

    fn rows(&mut self, columns: &[Type]) -> Vec<Vec<Datum>> {
        let count = self.chance.between(1, ROWS_MAX);
        let mut rows: Vec<Vec<Datum>> = (0..count).map(|_| self.row(columns)).collect();
        if self.chance.percent(25) {
            rows.push(rows[0].clone());
        }
        rows
    }

    fn row(&mut self, columns: &[Type]) -> Vec<Datum> {
        let value = |data_type: &Type| if self.chance.percent(12) { Datum::Null } else { data_type.value(&mut self.chance) };
        columns.iter().map(value).collect()
    }

    fn update(&mut self, table: &Table) {
        let scope = scope(&table.columns);
        // A keyed table's key changes only now and then: it would mostly be refused.
        let first = usize::from(table.kind != TableKind::Bag && self.chance.percent(85));
        let column = self.chance.between(first, table.columns.len() - 1);
        let value = expression(&mut self.chance, &scope, table.columns[column], 1);
        let condition = self.condition(&scope);
        let sql = format!("UPDATE {} SET c{column} = {value}{condition}", table.name);
        self.steps.push(Step::Write { table: table.name.clone(), sql });
    }

    fn delete(&mut self, table: &Table) {
        let condition = self.condition(&scope(&table.columns));
        let sql = format!("DELETE FROM {}{condition}", table.name);
        self.steps.push(Step::Write { table: table.name.clone(), sql });
    }

    fn condition(&mut self, scope: &[Column]) -> String {
        match self.chance.below(10) {
            0 if self.chance.percent(40) => String::new(),
            0..=6 => format!(" WHERE c0 = {}", Type::Int.value(&mut self.chance).literal()),
            _ => format!(" WHERE {}", expression(&mut self.chance, scope, Type::Bool, 1)),
        }
    }

    /// Everything goes again, or at least everything has come.
    fn ending(&mut self) {
        if self.chance.percent(30) {
            let changing = self.tables.iter().filter(|table| table.kind != TableKind::AppendOnly);
            let delete = |table: &Table| Step::Write { table: table.name.clone(), sql: format!("DELETE FROM {}", table.name) };
            let deletes: Vec<Step> = changing.map(delete).collect();
            self.steps.extend(deletes);
        }
        if self.chance.percent(50) {
            self.steps.extend(self.sources.iter().map(|source| Step::End { source: source.name.clone() }));
        }
    }
}

fn scope(types: &[Type]) -> Vec<Column> {
    types.iter().enumerate().map(|(at, &data_type)| Column { name: format!("c{at}"), data_type }).collect()
}
