//! Groups by windows of time: TUMBLE and HOP, with and without a closing.
//!
//! The second text has no window function. Where all rows count it joins each row with the windows that hold it by plain arithmetic; where
//! event time decides which rows count it reads a table that the model of event time fills.

use levada_model::{Emits, Windows};

use super::{Draft, Query, QueryMaker, Relation};
use crate::datum::Type;
use crate::expression::Column;

const SECOND_US: i64 = 1_000_000;
/// Windows that may hold one row, at most.
const WINDOWS_MAX: i64 = 6;

/// How event time decides what a query shows.
#[derive(Debug, Clone)]
pub struct Closing {
    /// The table that the model fills: the source's columns, then `window_start` and `window_end`.
    pub table: String,
    pub source: String,
    /// The source's columns.
    pub columns: Vec<Type>,
    /// The column of event time.
    pub time: usize,
    pub windows: Windows,
    pub emits: Emits,
    pub lateness: i64,
    /// The source's watermark is so far behind.
    pub delay: i64,
    /// What stands behind the query.
    pub clause: String,
}

impl QueryMaker<'_> {
    /// Groups of windows over a relation with a time; `None` if there is none.
    pub(super) fn windowed(&mut self) -> Option<Draft> {
        let timed: Vec<&Relation> = self.relations.iter().filter(|relation| relation.columns.contains(&Type::Time)).collect();
        let relation = (*self.chance.pick_some(&timed)?).clone();
        let time = relation.columns.iter().position(|data_type| *data_type == Type::Time)?;
        let windows = self.windows();
        let oracle = spelt_out(&relation, time, windows);
        let engine = self.call_text(&relation.name, time, windows);
        let from = self.read(&relation.name, engine, oracle);
        Some(self.grouped_by_window(&from, &relation.columns))
    }

    /// A query with EMIT ON WINDOW CLOSE or a lateness, one time in three where there is a source with a watermark.
    pub(super) fn closing_query(mut self, view: &str) -> Result<Query, Self> {
        let timed: Vec<&Relation> = self.relations.iter().filter(|relation| relation.watermark_delay.is_some()).collect();
        let Some(source) = self.chance.pick_some(&timed).map(|relation| (*relation).clone()) else { return Err(self) };
        let Some(time) = source.columns.iter().position(|data_type| *data_type == Type::Time) else { return Err(self) };
        if !self.chance.percent(35) {
            return Err(self);
        }
        let windows = self.windows();
        let (emits, lateness, clause) = self.clause();
        let table = format!("{view}_rows");
        let engine = self.call_text(&source.name, time, windows);
        let from = self.read(&source.name, engine, table.clone());
        let draft = self.grouped_by_window(&from, &source.columns);
        let delay = source.watermark_delay.unwrap_or_default();
        let closing =
            Closing { table, source: source.name, columns: source.columns, time, windows, emits, lateness, delay, clause };
        Ok(self.finish(draft, Some(closing)))
    }

    fn clause(&mut self) -> (Emits, i64, String) {
        let lateness = *self.chance.pick(&[5, 12]);
        let allowed = format!("ALLOWED LATENESS INTERVAL '{lateness}' SECOND");
        match self.chance.below(5) {
            0..=2 => (Emits::OnWindowClose, 0, " EMIT ON WINDOW CLOSE".to_owned()),
            3 => (Emits::OnWindowClose, lateness * SECOND_US, format!(" EMIT ON WINDOW CLOSE {allowed}")),
            _ => (Emits::Changes, lateness * SECOND_US, format!(" {allowed}")),
        }
    }

    fn windows(&mut self) -> Windows {
        let size = *self.chance.pick(&[5, 10, 15, 20, 60]) * SECOND_US;
        let slide = match self.chance.below(4) {
            0 | 1 => size,
            2 => *self.chance.pick(&[5, 4, 10]) * SECOND_US,
            _ => size / 5 * 3,
        };
        let slide = slide.max(size / WINDOWS_MAX);
        let offset = if self.chance.percent(20) { 2 * SECOND_US } else { 0 };
        Windows { size, slide, offset }
    }

    fn call_text(&mut self, relation: &str, time: usize, windows: Windows) -> String {
        let seconds = |us: i64| format!("INTERVAL '{}' SECOND", us / SECOND_US);
        let offset = if windows.offset == 0 { String::new() } else { format!(", {}", seconds(windows.offset)) };
        if windows.size == windows.slide {
            format!("TUMBLE({relation}, c{time}, {}{offset})", seconds(windows.size))
        } else {
            format!("HOP({relation}, c{time}, {}, {}{offset})", seconds(windows.slide), seconds(windows.size))
        }
    }

    fn grouped_by_window(&mut self, from: &str, columns: &[Type]) -> Draft {
        let alias = self.alias();
        let column = |(at, &data_type): (usize, &Type)| Column { name: format!("{alias}.c{at}"), data_type };
        let scope: Vec<Column> = columns.iter().enumerate().map(column).collect();
        let mut keys = vec![(format!("{alias}.window_start"), Type::Time), (format!("{alias}.window_end"), Type::Time)];
        if self.chance.percent(40) {
            let plain: Vec<&Column> = scope.iter().filter(|column| column.data_type != Type::Noisy).collect();
            keys.extend(self.chance.pick_some(&plain).map(|column| (column.name.clone(), column.data_type)));
        }
        let filter = self.maybe_where(&scope, 30);
        self.grouped(&format!("{from} AS {alias}"), &scope, &filter, keys)
    }
}

/// Each row with each of its windows, in plain SQL.
fn spelt_out(relation: &Relation, time: usize, windows: Windows) -> String {
    let columns: Vec<String> = (0..relation.columns.len()).map(|at| format!("r.c{at}")).collect();
    let seconds = |us: i64| format!("INTERVAL '{}' SECOND", us / SECOND_US);
    let back: Vec<String> =
        (0..=windows.size / windows.slide).map(|steps| format!("({})", seconds(windows.slide * steps))).collect();
    let origin = format!("CAST('1970-01-01 00:00:00' AS TIMESTAMP) + {}", seconds(windows.offset));
    let start = format!("date_bin({}, r.c{time}, {origin}) - steps.back", seconds(windows.slide));
    format!(
        "(SELECT * FROM (SELECT {}, CAST({start} AS TIMESTAMP(6)) AS window_start, CAST({start} + {size} AS TIMESTAMP(6)) AS window_end FROM {} AS r \
         CROSS JOIN (VALUES {}) AS steps(back)) AS placed WHERE window_start <= c{time} AND c{time} < window_end)",
        columns.join(", "),
        relation.oracle,
        back.join(", "),
        size = seconds(windows.size),
    )
}
