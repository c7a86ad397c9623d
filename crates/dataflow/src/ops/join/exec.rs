//! Runs the join: every change meets the stored rows of the other side, then is stored itself.

use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use levada_base::{Result, Watermark};
use levada_delta::DeltaBatch;
use levada_state::{MatchCursor, Matches};

use super::pairs::{LEFT, Pairing, RIGHT};
use super::standing::Stands;
use super::state::Side;
use super::{JoinKind, JoinSpec};
use crate::planted::{self, Bug};
use crate::{Discards, Emitter, EpochTime, Operator, Stats};

/// Rows of an output batch at most: a key with many rows on both sides gives many batches, not a large one.
const PAIR_ROWS_MAX: usize = 8_192;

/// A join on one shard.
pub(crate) struct Join {
    pairing: Pairing,
    sides: [Side; 2],
    /// W(e-1): decides which rows are late.
    before: Watermark,
    late: u64,
    found: Vec<u32>,
    matches: Matches,
}

impl Join {
    pub(crate) fn new(spec: &JoinSpec, left: &SchemaRef, right: &SchemaRef, output: &SchemaRef) -> Result<Self> {
        let stands = match spec.kind {
            JoinKind::Inner => [None, None],
            JoinKind::Left | JoinKind::LeftAnti => [Some(Stands::WithoutMatch), None],
            JoinKind::Full => [Some(Stands::WithoutMatch); 2],
            JoinKind::LeftSemi => [Some(Stands::WithMatch), None],
        };
        let nulls = spec.nulls_equal || planted::has(Bug::NullKeysMatch);
        Ok(Self {
            pairing: Pairing::new(spec, left, output),
            sides: [
                Side::new(left, &spec.left_keys, nulls, stands[LEFT], spec.left_expiry)?,
                Side::new(right, &spec.right_keys, nulls, stands[RIGHT], spec.right_expiry)?,
            ],
            before: Watermark::NONE,
            late: 0,
            found: Vec::new(),
            matches: Matches::default(),
        })
    }

    /// Rows with a NULL key: they are never stored, since nothing will ever match them.
    fn pass_unmatchable(&self, input: usize, delta: &DeltaBatch, out: &mut Emitter) -> Result<()> {
        match &self.sides[input].standing {
            Some(standing) if standing.stands == Stands::WithoutMatch => self.emit_alone(input, delta, out),
            _ => Ok(()),
        }
    }

    /// Pairs the changes with the stored rows of the other side. Gives the weight of each change's matches, where this side's rows
    /// stand by themselves.
    fn meet(&mut self, input: usize, delta: &DeltaBatch, keys: &[ArrayRef], out: &mut Emitter) -> Result<Vec<i64>> {
        let [left, right] = &mut self.sides;
        let (own, other) = if input == LEFT { (left, right) } else { (right, left) };
        let mut totals = vec![0_i64; if own.standing.is_some() { delta.num_rows() } else { 0 }];
        other.rows.find(keys, delta.num_rows(), &mut self.found)?;
        let mut cursor = MatchCursor::default();
        while other.rows.next_matches(&self.found, &mut cursor, PAIR_ROWS_MAX, &mut self.matches) {
            let pairs = self.pairing.pair(input, delta, other.rows.rows(), &mut self.matches)?;
            if own.standing.is_some() {
                for (&row, &weight) in self.matches.left_rows.iter().zip(&self.matches.weights) {
                    totals[row as usize] = totals[row as usize].wrapping_add(weight);
                }
            }
            if let Some(standing) = &mut other.standing {
                for (&row, &slot) in self.matches.left_rows.iter().zip(&self.matches.slots) {
                    standing.meet(slot, delta.weight(row as usize));
                }
            }
            if let Some(pairs) = pairs {
                out.emit(if input == RIGHT && planted::has(Bug::WrongSign) { pairs.negate() } else { pairs });
            }
        }
        Ok(totals)
    }

    fn emit_alone(&self, input: usize, delta: &DeltaBatch, out: &mut Emitter) -> Result<()> {
        let columns = delta.batch().columns().to_vec();
        out.emit(self.pairing.alone(input, columns, delta.weights().cloned(), delta.num_rows())?);
        Ok(())
    }
}

impl Operator for Join {
    fn push(&mut self, input: usize, delta: DeltaBatch, out: &mut Emitter) -> Result<()> {
        let (delta, late) = self.sides[input].drop_late(delta, self.before)?;
        self.late += late;
        let (delta, unmatchable) = self.sides[input].split_by_null_keys(delta)?;
        if let Some(unmatchable) = unmatchable {
            self.pass_unmatchable(input, &unmatchable, out)?;
        }
        if delta.is_empty() {
            return Ok(());
        }
        let keys = self.sides[input].key_columns(&delta);
        let matches = self.meet(input, &delta, &keys, out)?;
        let leaving = self.sides[input].keep(&keys, &delta, &matches)?;
        if leaving.rows.is_empty() { Ok(()) } else { self.emit_alone(input, &leaving.of(&delta)?, out) }
    }

    fn on_epoch(&mut self, time: EpochTime, out: &mut Emitter) -> Result<()> {
        for input in [LEFT, RIGHT] {
            let (slots, changes) = self.sides[input].settle();
            for (slots, changes) in slots.chunks(PAIR_ROWS_MAX).zip(changes.chunks(PAIR_ROWS_MAX)) {
                let columns = self.sides[input].rows.rows().gather(slots, None)?;
                out.emit(self.pairing.alone(input, columns, Some(changes.to_vec().into()), slots.len())?);
            }
            self.sides[input].expire(time.after);
        }
        self.before = time.after;
        Ok(())
    }

    fn stats(&self) -> Stats {
        let [left, right] = &self.sides;
        Stats {
            state_rows: (left.rows.len() + right.rows.len()) as u64,
            state_bytes: (left.bytes() + right.bytes()) as u64,
            discards: Discards { late: self.late, null_event_time: 0 },
        }
    }
}
