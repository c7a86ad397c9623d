//! Runs an aggregate: batches are folded into the groups' kernels, and the net difference comes out at the end of the epoch.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array};
use arrow::datatypes::{Int64Type, SchemaRef};
use levada_base::{Error, Result};
use levada_delta::DeltaBatch;

use super::closing::Closing;
use super::kernels::cast_exactly;
use super::net::{Difference, Snapshot};
use super::source::{Origin, Source, check_appends, sources};
use super::state::{Groups, Stage};
use super::{AggregateCall, AggregateSpec, Emission, MergeAggregateSpec};
use crate::planted::{self, Bug};
use crate::{Emitter, EpochTime, Operator, Stats};

/// An aggregate on one shard.
pub(crate) struct Aggregate {
    keys: Vec<usize>,
    calls: Vec<AggregateCall>,
    output: SchemaRef,
    append_only: bool,
    /// Where the columns of parts begin, if these are what comes in instead of rows.
    parts: Option<usize>,
    /// Stage of a new group: hidden until it closes, or shown at once.
    born: Stage,
    groups: Groups,
    sources: Vec<Source>,
    /// For each call.
    origins: Vec<Origin>,
    closing: Option<Closing>,
    /// Rows with the readers of the groups that this epoch touches, as they were when it began.
    before: Snapshot,
    /// The group that has a row before any change has come: the global one.
    unannounced: Option<u32>,
    /// Slots of the batch at hand; kept for the next one.
    slots: Vec<u32>,
}

impl Aggregate {
    pub(crate) fn new(spec: &AggregateSpec, input: &SchemaRef, output: &SchemaRef, shard: usize) -> Result<Self> {
        Self::over(spec, input, input, None, output, shard)
    }

    /// The same over the parts that a partial aggregate made of rows.
    pub(crate) fn merge(spec: &MergeAggregateSpec, input: &SchemaRef, output: &SchemaRef, shard: usize) -> Result<Self> {
        Self::over(&spec.aggregate, input, &spec.rows, Some(spec.first), output, shard)
    }

    fn over(
        spec: &AggregateSpec,
        input: &SchemaRef,
        rows: &SchemaRef,
        parts: Option<usize>,
        output: &SchemaRef,
        shard: usize,
    ) -> Result<Self> {
        spec.calls.iter().try_for_each(|call| call.check(rows))?;
        let (sources, origins) = sources(&spec.calls, rows, spec.append_only_input)?;
        let (born, closing) = match spec.emission {
            Emission::Changes => (Stage::Shown, None),
            Emission::ChangesUntilClosed(close) => (Stage::Shown, Some(Closing::new(close, spec.keys[close.key]))),
            Emission::OnClose(close) => (Stage::Hidden, Some(Closing::new(close, spec.keys[close.key]))),
        };
        let mut made = Self {
            keys: spec.keys.clone(),
            calls: spec.calls.clone(),
            output: output.clone(),
            append_only: spec.append_only_input,
            parts,
            born,
            groups: Groups::over(input, &spec.keys)?,
            sources,
            origins,
            closing,
            before: Snapshot::default(),
            unannounced: None,
            slots: Vec::new(),
        };
        if spec.keys.is_empty() && shard == 0 {
            made.make_global()?;
        }
        Ok(made)
    }

    /// The global aggregate has a row over no rows at all; it is hidden until the first epoch ends.
    fn make_global(&mut self) -> Result<()> {
        let mut slots = Vec::new();
        self.groups.find(&[], 1, &mut slots)?;
        self.groups.touch(&slots, Stage::Hidden);
        self.groups.take_touched();
        self.sources.iter_mut().for_each(|source| source.kernel.reserve(self.groups.bound()));
        self.unannounced = Some(slots[0]);
        Ok(())
    }

    /// Folds a batch in that is neither late nor empty.
    fn fold(&mut self, delta: &DeltaBatch, times: Option<&Int64Array>) -> Result<()> {
        let mut slots = std::mem::take(&mut self.slots);
        let keys: Vec<ArrayRef> = self.keys.iter().map(|&key| delta.column(key).clone()).collect();
        self.groups.find(&keys, delta.num_rows(), &mut slots)?;
        let first = self.groups.touch(&slots, self.born);
        if let (Some(closing), Some(times)) = (&mut self.closing, times) {
            let hidden = self.born == Stage::Hidden;
            first.made.iter().for_each(|&(slot, row)| closing.add(slot, times.value(row), hidden));
        }
        if !first.shown.is_empty() {
            let values = self.values(&first.shown)?;
            self.before.add(first.shown, values);
        }
        self.groups.add(&slots, delta.weights().map(|weights| &**weights.values()));
        if self.calls.is_empty() && planted::has(Bug::DistinctIgnoresWeights) {
            self.groups.forget_copies(&slots);
        }
        // The first column of parts is the weight.
        let mut part = self.parts.map(|first| first + 1);
        for source in &mut self.sources {
            source.kernel.reserve(self.groups.bound());
            match &mut part {
                None => source.update(delta, &slots)?,
                Some(part) => *part += source.merge(delta, &slots, *part)?,
            }
        }
        self.slots = slots;
        Ok(())
    }

    /// Parts say in a column how many rows they stand for: from here on that is their weight.
    fn weighted(&self, delta: DeltaBatch) -> Result<DeltaBatch> {
        let Some(first) = self.parts else { return Ok(delta) };
        let (batch, None) = delta.into_parts() else {
            return Err(Error::internal("parts of groups that have a weight themselves"));
        };
        let rows = batch.column(first).as_primitive::<Int64Type>().clone();
        DeltaBatch::new(batch, Some(rows))
    }

    /// The value of every call for each of `slots`.
    fn values(&self, slots: &[u32]) -> Result<Vec<ArrayRef>> {
        let value = |(call, origin): (&AggregateCall, &Origin)| -> Result<ArrayRef> {
            let values: ArrayRef = match *origin {
                Origin::Weight => Arc::new(Int64Array::from_iter_values(slots.iter().map(|&slot| self.groups.weight(slot)))),
                Origin::Source(at) => self.sources[at].kernel.values(call, slots)?,
            };
            cast_exactly(&values, &call.data_type)
        };
        self.calls.iter().zip(&self.origins).map(value).collect()
    }

    /// Shows the groups whose time has come and gives their slots.
    fn show_due(&mut self, time: EpochTime) -> Vec<u32> {
        let mut due: Vec<u32> = self.unannounced.take().into_iter().collect();
        if let Some(closing) = &mut self.closing {
            due.extend(closing.close(time.after));
        }
        due.retain(|&slot| {
            let is_due = self.groups.stage(slot) == Stage::Hidden;
            if is_due {
                self.groups.show(slot);
            }
            is_due
        });
        due
    }

    /// Gives the difference between what readers have of this epoch's groups and what they are now; of `others` readers have nothing.
    fn emit(&mut self, others: impl Iterator<Item = u32>, out: &mut Emitter) -> Result<()> {
        let before = std::mem::take(&mut self.before);
        let (kept, gone): (Vec<u32>, Vec<u32>) =
            (0..before.slots.len() as u32).partition(|&row| self.groups.is_live(before.slots[row as usize]));
        let mut after: Vec<u32> = kept.iter().map(|&row| before.slots[row as usize]).collect();
        after.extend(others.filter(|&slot| self.groups.is_live(slot)));
        let difference = Difference::new(&before, &kept, gone, self.values(&after)?, after.len())?;
        let (retracted, inserted) = difference.rows();
        if retracted.is_empty() && inserted.is_empty() {
            return Ok(());
        }
        let retracted = retracted.iter().map(|&row| before.slots[row as usize]);
        let slots: Vec<u32> = retracted.chain(inserted.iter().map(|&row| after[row as usize])).collect();
        out.emit(difference.into_delta(self.groups.keys(&slots)?, &self.output)?);
        Ok(())
    }

    /// Frees the groups that nothing can change any more, or that are empty.
    fn free(&mut self, touched: Vec<u32>, time: EpochTime) {
        let mut freed: Vec<u32> = touched.into_iter().filter(|&slot| self.groups.is_void(slot)).collect();
        freed.iter().for_each(|&slot| self.groups.forget(slot));
        if let Some(closing) = &mut self.closing {
            for slot in closing.forget(time.after) {
                if self.groups.stage(slot) != Stage::Vacant {
                    self.groups.forget(slot);
                    freed.push(slot);
                }
            }
        }
        self.sources.iter_mut().for_each(|source| source.kernel.clear(&freed));
    }
}

impl Operator for Aggregate {
    fn push(&mut self, _input: usize, delta: DeltaBatch, _out: &mut Emitter) -> Result<()> {
        let mut delta = self.weighted(delta)?;
        if planted::has(Bug::MissedRetraction) {
            delta = planted::without_retractions(&delta)?;
        }
        if self.append_only {
            check_appends(&delta)?;
        }
        let (delta, times) = match &mut self.closing {
            None => (delta, None),
            Some(closing) => {
                let (delta, times) = closing.admit(delta)?;
                (delta, Some(times))
            }
        };
        if delta.is_empty() { Ok(()) } else { self.fold(&delta, times.as_ref()) }
    }

    fn on_epoch(&mut self, time: EpochTime, out: &mut Emitter) -> Result<()> {
        let touched = self.groups.take_touched();
        let due = self.show_due(time);
        if !touched.all.is_empty() || !due.is_empty() {
            self.emit(touched.rowless.into_iter().chain(due), out)?;
        }
        self.free(touched.all, time);
        Ok(())
    }

    fn stats(&self) -> Stats {
        let kernels = || self.sources.iter().map(|source| &source.kernel);
        Stats {
            state_rows: (self.groups.len() + kernels().map(|kernel| kernel.rows()).sum::<usize>()) as u64,
            state_bytes: (self.groups.bytes()
                + kernels().map(|kernel| kernel.bytes()).sum::<usize>()
                + self.closing.as_ref().map_or(0, Closing::bytes)) as u64,
            discards: self.closing.as_ref().map(|closing| closing.discards).unwrap_or_default(),
        }
    }
}
