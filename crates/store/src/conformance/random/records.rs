//! Random payloads, tags, keys and schedules.

use super::{Maker, NAMESPACES};
use crate::alphabets::Storage;
use crate::cut::SLICE_BYTES_MAX;
use crate::ids::{ExecutionId, RunId, ScheduleId};
use crate::rows::{Input, Progress, ResultRow, Schedule, ScheduleFire};

impl Maker {
    pub(super) fn payloads(&mut self) {
        let executions: Vec<_> =
            self.state.executions.values().map(|row| (row.id, row.generation, row.outcome.is_some())).collect();
        for (at, (id, generation, ended)) in executions.into_iter().enumerate() {
            // One input and one result are just too long for a slice, one of each just fits.
            let edge = [Some(SLICE_BYTES_MAX + 1), Some(SLICE_BYTES_MAX)].get(at / 2).copied().flatten();
            if at < 4 || self.dice.chance(70) {
                let mut input: Input = self.any();
                input.execution_id = id;
                (input.storage, input.length, input.bytes) = self.bytes(edge);
                self.put(input);
            }
            for generation in 0..=generation {
                if ended && self.dice.chance(70) {
                    let mut result: ResultRow = self.any();
                    (result.execution_id, result.generation) = (id, generation);
                    (result.storage, result.length, result.bytes) = self.bytes(None);
                    self.put(result);
                }
            }
            if self.dice.chance(20) {
                let mut progress: Progress = self.any();
                (progress.execution_id, progress.permille) = (id, self.dice.maybe(50, |_| 1_000));
                self.put(progress);
            }
        }
        self.long_results();
    }

    /// Results that pins point to, just too long and just short enough for a claim's slice.
    fn long_results(&mut self) {
        let keys: Vec<_> = self.state.pins.values().map(|pin| (pin.upstream, pin.generation)).collect();
        let there: Vec<_> = keys.into_iter().filter(|key| self.state.results.contains_key(key)).collect();
        for (key, length) in there.into_iter().zip([SLICE_BYTES_MAX + 1, SLICE_BYTES_MAX]) {
            let (storage, length, bytes) = self.bytes(Some(length));
            if let Some(row) = self.state.results.get_mut(&key) {
                (row.storage, row.length, row.bytes) = (storage, length, bytes);
            }
        }
    }

    fn bytes(&mut self, length: Option<i64>) -> (Storage, i64, Vec<u8>) {
        let storage = if length.is_some() { Storage::Inline } else { *self.dice.pick(Storage::ALL) };
        match storage {
            Storage::Void => (storage, 0, Vec::new()),
            Storage::Reference => (storage, 1 << 30, b"bucket/\xff\x00name".to_vec()),
            Storage::Inline => {
                let length = length.unwrap_or_else(|| self.dice.below(200));
                (storage, length, (0..length).map(|at| at.to_be_bytes()[7]).collect())
            }
        }
    }

    pub(super) fn records(&mut self) {
        let owners = self.owners();
        for owner in &owners {
            if self.dice.chance(50) {
                self.tag(*owner, "team");
            }
            if self.dice.chance(30) {
                self.tag(*owner, "zone.é");
            }
        }
        for number in 0..24 {
            // A third of them stand for something that is no longer stored.
            let target = if number % 3 == 0 { ExecutionId(self.dice.id()) } else { *self.dice.pick(&owners) };
            self.request_key(number, target);
        }
        for number in 0..4 {
            self.schedule(number);
        }
    }

    fn schedule(&mut self, number: usize) {
        let mut schedule: Schedule = self.any();
        schedule.id = ScheduleId(self.dice.id());
        schedule.namespace = NAMESPACES[number % NAMESPACES.len()].to_owned();
        schedule.name = format!("schedule {number}");
        let id = schedule.id;
        self.put(schedule);
        for fire in 0..number {
            let mut row: ScheduleFire = self.any();
            row.schedule_id = id;
            row.nominal_ms = self.now_ms - i64::try_from(fire).unwrap_or(0) * 60_000;
            row.run_id = self.state.runs.keys().nth(fire).copied().unwrap_or(RunId(0));
            self.put(row);
        }
    }
}
