//! When groups close and when they are forgotten, by the watermark. No epoch looks at groups whose time has not come.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, BooleanArray, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use levada_base::{Error, Result, Watermark};
use levada_delta::DeltaBatch;

use super::Close;
use crate::Discards;
use crate::planted::{self, Bug};

/// The close of every group that has one.
pub(super) struct Closing {
    close: Close,
    /// The column of the input that holds the key's time.
    column: usize,
    /// W(e-1): rows of this epoch are judged by it.
    watermark: Watermark,
    pub(super) discards: Discards,
    /// When each slot's group closes.
    closes: Vec<i64>,
    /// Groups that wait for their close.
    to_show: Schedule,
    /// Groups that wait for the end of their lateness.
    to_forget: Schedule,
}

impl Closing {
    pub(super) fn new(close: Close, column: usize) -> Self {
        Self {
            close,
            column,
            watermark: Watermark::NONE,
            discards: Discards::default(),
            closes: Vec::new(),
            to_show: Schedule::default(),
            to_forget: Schedule::default(),
        }
    }

    /// The rows of `delta` that are neither late nor without a time, with their times.
    pub(super) fn admit(&mut self, delta: DeltaBatch) -> Result<(DeltaBatch, Int64Array)> {
        let times = cast(delta.column(self.column), &DataType::Int64)
            .map_err(|cause| Error::internal(format!("the time of a group: {cause}")))?;
        let times = times.as_primitive::<Int64Type>();
        let latest_late = self.latest_late().filter(|_| !planted::has(Bug::LateRowKept));
        let is_late = |time: i64| latest_late.is_some_and(|latest| i128::from(time) <= latest);
        if times.null_count() == 0 && !times.values().iter().any(|&time| is_late(time)) {
            return Ok((delta, times.clone()));
        }
        for (row, time) in times.iter().enumerate() {
            match time {
                None => self.discards.null_event_time += delta.weight(row).unsigned_abs(),
                Some(time) if is_late(time) => self.discards.late += delta.weight(row).unsigned_abs(),
                Some(_) => {}
            }
        }
        let keep: BooleanArray = times.iter().map(|time| Some(time.is_some_and(|time| !is_late(time)))).collect();
        let kept = times.iter().flatten().filter(|&time| !is_late(time)).collect::<Vec<_>>();
        Ok((delta.filter(&keep)?, Int64Array::from(kept)))
    }

    /// The last time whose groups were forgotten before this epoch.
    fn latest_late(&self) -> Option<i128> {
        let reach = i128::from(self.close.delay) + i128::from(self.close.lateness);
        match self.watermark {
            Watermark::NONE => None,
            Watermark::END => Some(i128::from(i64::MAX)),
            Watermark(at) => Some(i128::from(at) - reach),
        }
    }

    /// Notes a new group with the time `time`; `hidden` until its close.
    pub(super) fn add(&mut self, slot: u32, time: i64, hidden: bool) {
        let at = slot as usize;
        self.closes.resize(self.closes.len().max(at + 1), 0);
        self.closes[at] = time.saturating_add(self.close.delay);
        if hidden {
            self.to_show.add(self.closes[at], slot);
        } else {
            self.to_forget.add(self.forgets(slot), slot);
        }
    }

    fn forgets(&self, slot: u32) -> i64 {
        self.closes[slot as usize].saturating_add(self.close.lateness)
    }

    /// The slots noted for a close that `watermark` has reached, ascending by time. A slot may have been freed since, or be there twice.
    pub(super) fn close(&mut self, watermark: Watermark) -> Vec<u32> {
        let mut due = self.to_show.take(watermark);
        due.retain(|&slot| reached(watermark, self.closes[slot as usize]));
        for &slot in &due {
            self.to_forget.add(self.forgets(slot), slot);
        }
        due
    }

    /// The slots noted for a moment of being forgotten that `watermark` has reached; under the same reservation.
    pub(super) fn forget(&mut self, watermark: Watermark) -> Vec<u32> {
        self.watermark = watermark;
        let mut due = self.to_forget.take(watermark);
        due.retain(|&slot| reached(watermark, self.forgets(slot)));
        due
    }

    pub(super) fn bytes(&self) -> usize {
        self.closes.capacity() * size_of::<i64>() + (self.to_show.slots + self.to_forget.slots) * size_of::<u32>()
    }
}

fn reached(watermark: Watermark, at: i64) -> bool {
    watermark != Watermark::NONE && watermark.0 >= at
}

/// Slots by the time at which something is due.
#[derive(Default)]
struct Schedule {
    due: BTreeMap<i64, Vec<u32>>,
    slots: usize,
}

impl Schedule {
    fn add(&mut self, at: i64, slot: u32) {
        self.due.entry(at).or_default().push(slot);
        self.slots += 1;
    }

    fn take(&mut self, watermark: Watermark) -> Vec<u32> {
        let mut slots = Vec::new();
        while let Some(first) = self.due.first_entry()
            && reached(watermark, *first.key())
        {
            slots.append(&mut first.remove());
        }
        self.slots -= slots.len();
        slots
    }
}
