//! What is aggregated.

use std::fmt;

use arrow::datatypes::{DataType, SchemaRef};
use levada_base::{Error, Result, codes};

use crate::ops::{SortColumn, check_columns, list};

/// One row per live group: the key columns, then one column per call.
#[derive(Debug, Clone)]
pub struct AggregateSpec {
    /// Columns of the input that are the group's key; none for the global aggregate, which always has exactly one row.
    pub keys: Vec<usize>,
    pub calls: Vec<AggregateCall>,
    pub emission: Emission,
    /// Whether no input row is ever retracted, so that min, max, first and last need no ordered values.
    pub append_only_input: bool,
}

/// One aggregate function over the rows of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregateCall {
    pub function: AggregateFunction,
    /// Columns of the input; none means every row counts (`count(*)`).
    pub arguments: Vec<usize>,
    /// A BOOLEAN column of the input: only rows where it is true take part.
    pub filter: Option<usize>,
    /// Equal arguments count once.
    pub distinct: bool,
    /// The order inside the group, for `first_value` and `last_value`; ties are broken by the argument, ascending, NULLs last.
    pub order: Vec<SortColumn>,
    /// The type of the result.
    pub data_type: DataType,
}

/// The functions that are maintained incrementally.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AggregateFunction {
    Count,
    Sum,
    Avg,
    Min,
    Max,
    FirstValue,
    LastValue,
    VarPop,
    VarSamp,
    StddevPop,
    StddevSamp,
    BoolAnd,
    BoolOr,
    BitAnd,
    BitOr,
    BitXor,
}

/// When a group's row is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emission {
    /// At the end of every epoch, the net difference of what changed.
    Changes,
    /// As `Changes`, but rows that come after the group was closed are left out and counted, and closed groups are forgotten (their
    /// rows stay in the result).
    ChangesUntilClosed(Close),
    /// Nothing before the watermark reaches the close; then the row once, and corrections while lateness allows.
    OnClose(Close),
}

/// A group closes at the end of the first epoch whose watermark W has `W >= key + delay`; it is forgotten, and rows for it are late,
/// once `W >= key + delay + lateness`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close {
    /// Which of `keys` holds event time (an index into `keys`): a timestamp in microseconds or a BIGINT.
    pub key: usize,
    /// From the key's value to the moment all its rows are complete: the size for a window's start, 0 for a window's end.
    pub delay: i64,
    pub lateness: i64,
}

impl AggregateSpec {
    pub(in crate::ops) fn check(&self, input: &SchemaRef, output: &SchemaRef) -> Result<(), String> {
        check_columns(input, self.keys.iter().copied())?;
        self.check_shape(input, output)
    }

    /// What must hold whether rows or parts come in; `rows` are the columns that the calls speak of.
    pub(super) fn check_shape(&self, rows: &SchemaRef, output: &SchemaRef) -> Result<(), String> {
        for call in &self.calls {
            check_columns(rows, call.arguments.iter().copied().chain(call.filter).chain(call.order.iter().map(|s| s.column)))?;
        }
        if output.fields().len() != self.keys.len() + self.calls.len() {
            return Err(format!("gives {} columns, not {}", self.keys.len() + self.calls.len(), output.fields().len()));
        }
        match self.emission {
            Emission::ChangesUntilClosed(close) | Emission::OnClose(close) if close.key >= self.keys.len() => {
                Err(format!("closes by key {} of {}", close.key, self.keys.len()))
            }
            Emission::Changes | Emission::ChangesUntilClosed(_) | Emission::OnClose(_) => Ok(()),
        }
    }
}

impl AggregateCall {
    /// Whether the function is maintained for arguments of these types.
    ///
    /// # Errors
    /// `LV-S132` naming the types.
    pub fn check(&self, input: &SchemaRef) -> Result<()> {
        use AggregateFunction as F;
        let types: Vec<&DataType> = self.arguments.iter().map(|&argument| input.field(argument).data_type()).collect();
        let one = |fits: fn(&DataType) -> bool| matches!(types.as_slice(), [only] if fits(only));
        let fits = match self.function {
            F::Count => true,
            F::Sum | F::Avg => one(|t| t.is_integer() || t.is_floating() || matches!(t, DataType::Decimal128(..))),
            F::VarPop | F::VarSamp | F::StddevPop | F::StddevSamp => one(DataType::is_numeric),
            F::BoolAnd | F::BoolOr => one(|t| t == &DataType::Boolean),
            F::BitAnd | F::BitOr | F::BitXor => one(DataType::is_integer),
            F::Min | F::Max | F::FirstValue | F::LastValue => types.len() == 1,
        };
        if fits {
            return Ok(());
        }
        Err(Error::new(codes::LV_S132, format!("{} is not maintained over ({})", self.function.name(), list(types)))
            .with_hint("cast the argument to a type it takes: BIGINT, DOUBLE or DECIMAL(38, s) for numbers"))
    }
}

impl fmt::Display for AggregateSpec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "aggregate {}", list(&self.calls))?;
        if !self.keys.is_empty() {
            write!(out, " by {}", list(self.keys.iter().map(|key| format!("#{key}"))))?;
        }
        match self.emission {
            Emission::Changes => Ok(()),
            Emission::ChangesUntilClosed(Close { key, delay, lateness }) => {
                write!(out, " until #{} + {delay} + {lateness}", self.keys[key])
            }
            Emission::OnClose(Close { key, delay, lateness }) => {
                write!(out, " on close of #{} + {delay} + {lateness}", self.keys[key])
            }
        }
    }
}

impl fmt::Display for AggregateCall {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let distinct = if self.distinct { "distinct " } else { "" };
        write!(
            out,
            "{}({distinct}{}",
            self.function.name(),
            list(self.arguments.iter().map(|argument| format!("#{argument}")))
        )?;
        if !self.order.is_empty() {
            write!(out, " order by {}", list(&self.order))?;
        }
        out.write_str(")")?;
        if let Some(filter) = self.filter {
            write!(out, " filter #{filter}")?;
        }
        Ok(())
    }
}

impl AggregateFunction {
    /// The SQL name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
            Self::FirstValue => "first_value",
            Self::LastValue => "last_value",
            Self::VarPop => "var_pop",
            Self::VarSamp => "var_samp",
            Self::StddevPop => "stddev_pop",
            Self::StddevSamp => "stddev_samp",
            Self::BoolAnd => "bool_and",
            Self::BoolOr => "bool_or",
            Self::BitAnd => "bit_and",
            Self::BitOr => "bit_or",
            Self::BitXor => "bit_xor",
        }
    }
}
