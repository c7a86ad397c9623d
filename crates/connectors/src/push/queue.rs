//! The queue itself: bounded by rows for each partition, read in turns.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arrow::array::RecordBatch;

/// Batches on their way from the program to the reader.
pub(super) struct Queue {
    state: Mutex<State>,
    /// A partition has rows again, or ended.
    filled: Condvar,
    /// A partition has room again, or the reader is gone.
    emptied: Condvar,
    rows_max: usize,
}

struct State {
    partitions: Vec<Partition>,
    /// The partition that is read next, so that none waits for ever behind another.
    turn: usize,
    closed: bool,
    read: bool,
}

#[derive(Default)]
struct Partition {
    batches: VecDeque<RecordBatch>,
    rows: usize,
    ended: bool,
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Push {
    Taken,
    Full,
    Closed,
}

/// What a pop brought.
pub(super) enum Pop {
    Rows(u32, RecordBatch),
    Nothing,
    End,
}

impl Queue {
    pub(super) fn new(partitions: u32, rows_max: usize) -> Self {
        let partitions = (0..partitions).map(|_| Partition::default()).collect();
        let state = State { partitions, turn: 0, closed: false, read: false };
        Self { state: Mutex::new(state), filled: Condvar::new(), emptied: Condvar::new(), rows_max }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for room.
    pub(super) fn push(&self, partition: u32, batch: RecordBatch) -> Push {
        let full = |state: &mut State| state.outcome(partition, batch.num_rows(), self.rows_max) == Push::Full;
        let mut state = self.emptied.wait_while(self.lock(), full).unwrap_or_else(PoisonError::into_inner);
        self.put(&mut state, partition, batch)
    }

    pub(super) fn try_push(&self, partition: u32, batch: RecordBatch) -> Push {
        self.put(&mut self.lock(), partition, batch)
    }

    fn put(&self, state: &mut State, partition: u32, batch: RecordBatch) -> Push {
        let outcome = state.outcome(partition, batch.num_rows(), self.rows_max);
        if outcome == Push::Taken {
            let partition = &mut state.partitions[partition as usize];
            partition.rows += batch.num_rows();
            partition.batches.push_back(batch);
            self.filled.notify_one();
        }
        outcome
    }

    /// At most `rows_max` rows; waits up to `wait` for the first.
    pub(super) fn pop(&self, rows_max: usize, wait: Duration) -> Pop {
        let idle = |state: &mut State| state.next().is_none() && !state.is_ended();
        let waited = self.filled.wait_timeout_while(self.lock(), wait, idle).unwrap_or_else(PoisonError::into_inner);
        let mut state = waited.0;
        let Some(at) = state.next() else {
            return if state.is_ended() { Pop::End } else { Pop::Nothing };
        };
        state.turn = (at + 1) % state.partitions.len();
        state.read = true;
        let Some(batch) = state.partitions[at].take(rows_max) else { return Pop::Nothing };
        self.emptied.notify_all();
        Pop::Rows(at as u32, batch)
    }

    pub(super) fn end(&self, partition: u32) {
        self.lock().partitions[partition as usize].ended = true;
        self.filled.notify_all();
        self.emptied.notify_all();
    }

    /// The reader is gone.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.emptied.notify_all();
    }

    pub(super) fn is_unread(&self) -> bool {
        !self.lock().read
    }
}

impl State {
    /// What a push of `rows` rows meets.
    fn outcome(&self, partition: u32, rows: usize, rows_max: usize) -> Push {
        let partition = &self.partitions[partition as usize];
        if self.closed || partition.ended {
            return Push::Closed;
        }
        // An empty queue takes a batch of any length: it could never be pushed otherwise.
        let has_room = partition.rows == 0 || partition.rows + rows <= rows_max;
        if has_room { Push::Taken } else { Push::Full }
    }

    /// The next partition with rows, in turn.
    fn next(&self) -> Option<usize> {
        let count = self.partitions.len();
        (self.turn..self.turn + count).map(|at| at % count).find(|&at| self.partitions[at].rows > 0)
    }

    fn is_ended(&self) -> bool {
        self.partitions.iter().all(|partition| partition.ended && partition.rows == 0)
    }
}

impl Partition {
    fn take(&mut self, rows_max: usize) -> Option<RecordBatch> {
        let batch = self.batches.pop_front()?;
        let taken = batch.num_rows().min(rows_max);
        self.rows -= taken;
        if taken < batch.num_rows() {
            self.batches.push_front(batch.slice(taken, batch.num_rows() - taken));
        }
        Some(batch.slice(0, taken))
    }
}
