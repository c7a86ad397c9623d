//! One side of a join: its rows by key, what of them stands in the output, and when they are forgotten.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, UInt32Array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, SchemaRef};
use levada_base::{Error, Result, Watermark};
use levada_delta::DeltaBatch;
use levada_state::MultiMap;

use super::Expiry;
use super::standing::{Standing, Stands};

/// The rows of one side.
pub(super) struct Side {
    keys: Vec<usize>,
    /// Whether a row with a NULL key can have a match.
    nulls_match: bool,
    pub(super) rows: MultiMap,
    /// Where rows of this side come out by themselves.
    pub(super) standing: Option<Standing>,
    expiry: Option<Expiry>,
}

/// Rows of a batch that leave the state while they stand in the output, each with the change that takes it back.
#[derive(Default)]
pub(super) struct Leaving {
    pub(super) rows: Vec<u32>,
    pub(super) changes: Vec<i64>,
}

impl Side {
    pub(super) fn new(
        schema: &SchemaRef,
        keys: &[usize],
        nulls_match: bool,
        stands: Option<Stands>,
        expiry: Option<Expiry>,
    ) -> Result<Self> {
        let key_type = |&column: &usize| {
            let field = schema.field(column);
            (field.data_type().clone(), nulls_match && field.is_nullable())
        };
        let key_types: Vec<_> = keys.iter().map(key_type).collect();
        let mut rows = MultiMap::new(&key_types, schema.clone())?;
        if stands.is_some() {
            rows = rows.with_log();
        }
        if let Some(expiry) = expiry {
            rows = rows.with_expiry(expiry.column)?;
        }
        Ok(Self { keys: keys.to_vec(), nulls_match, rows, standing: stands.map(Standing::new), expiry })
    }

    pub(super) fn key_columns(&self, delta: &DeltaBatch) -> Vec<ArrayRef> {
        self.keys.iter().map(|&column| delta.column(column).clone()).collect()
    }

    /// Parts the rows that can have a match from those that can't, having a NULL key.
    pub(super) fn split_by_null_keys(&self, delta: DeltaBatch) -> Result<(DeltaBatch, Option<DeltaBatch>)> {
        if self.nulls_match {
            return Ok((delta, None));
        }
        let nulls = self.keys.iter().map(|&column| delta.column(column).logical_nulls());
        let Some(nulls) = nulls.fold(None, |all, nulls| NullBuffer::union(all.as_ref(), nulls.as_ref())) else {
            return Ok((delta, None));
        };
        let with_key = BooleanArray::from(nulls.inner().clone());
        let without = BooleanArray::from(!nulls.inner());
        Ok((delta.filter(&with_key)?, Some(delta.filter(&without)?)))
    }

    /// The rows that are not late at watermark `before`, and how many are.
    pub(super) fn drop_late(&self, delta: DeltaBatch, before: Watermark) -> Result<(DeltaBatch, u64)> {
        let Some(expiry) = self.expiry.filter(|_| before != Watermark::NONE) else { return Ok((delta, 0)) };
        let times = cast(delta.column(expiry.column), &DataType::Int64)
            .map_err(|cause| Error::internal(format!("join expiry: {cause}")))?;
        let times = times.as_primitive::<Int64Type>();
        let on_time = |row: usize| times.is_null(row) || times.value(row).saturating_add(expiry.late_delay) > before.0;
        let on_time = BooleanBuffer::collect_bool(times.len(), on_time);
        let late = (0..times.len()).filter(|&row| !on_time.value(row)).map(|row| delta.weight(row).unsigned_abs()).sum();
        if late == 0 {
            return Ok((delta, 0));
        }
        Ok((delta.filter(&BooleanArray::from(on_time))?, late))
    }

    /// Adds the rows of a batch, whose matches weigh `matches`, and gives those that are no more.
    pub(super) fn keep(&mut self, keys: &[ArrayRef], delta: &DeltaBatch, matches: &[i64]) -> Result<Leaving> {
        self.rows.apply(keys, delta.batch(), delta.weights().map(|weights| &weights.values()[..]))?;
        let mut leaving = Leaving::default();
        let (Some(standing), Some(log)) = (&mut self.standing, self.rows.log()) else { return Ok(leaving) };
        for merged in log.merged() {
            standing.merge(merged.from, merged.into);
        }
        for entry in log.changes() {
            match (entry.before, entry.after) {
                (0, _) => standing.enter(entry.slot, matches[entry.row as usize]),
                (_, 0) => {
                    let shown = standing.leave(entry.slot);
                    if shown != 0 {
                        leaving.rows.push(entry.row);
                        leaving.changes.push(-shown);
                    }
                }
                _ => standing.change(entry.slot),
            }
        }
        Ok(leaving)
    }

    /// The rows whose weight in the output changes with this epoch, each with the change.
    pub(super) fn settle(&mut self) -> (Vec<u32>, Vec<i64>) {
        let rows = &self.rows;
        let weight = |slot| if rows.rows().contains(slot) { rows.weight(slot) } else { 0 };
        self.standing.as_mut().map_or_else(Default::default, |standing| standing.settle(weight))
    }

    /// Forgets the rows that can match nothing any more. What stands of them in the output stays.
    pub(super) fn expire(&mut self, after: Watermark) {
        let Some(Expiry { delay, .. }) = self.expiry.filter(|_| after != Watermark::NONE) else { return };
        let bound = if after == Watermark::END { i64::MAX } else { after.0.saturating_sub(delay).saturating_add(1) };
        let mut due = Vec::new();
        self.rows.due(bound, &mut due);
        self.rows.remove_rows(&due);
    }

    pub(super) fn bytes(&self) -> usize {
        self.rows.bytes() + self.standing.as_ref().map_or(0, Standing::bytes)
    }
}

impl Leaving {
    /// The rows of `delta` that leave, as changes of the output.
    pub(super) fn of(self, delta: &DeltaBatch) -> Result<DeltaBatch> {
        let rows = DeltaBatch::insertions(delta.batch().clone()).take(&UInt32Array::from(self.rows))?;
        DeltaBatch::new(rows.into_parts().0, Some(self.changes.into()))
    }
}
