//! Random numbers that belong to a row: SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators"), read at
//! any place of its sequence. Each row has [`LANES`] of them, so a column does not depend on which others are wanted.

/// Numbers that belong to one row.
const LANES: u64 = 16;
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The sequence of a seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draws {
    start: u64,
}

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        // Mixed once, so that neighbouring seeds do not give neighbouring places of one sequence.
        Self { start: mix(seed.wrapping_add(GAMMA)) }
    }

    /// 64 random bits.
    pub(crate) fn bits(&self, seq: u64, lane: u64) -> u64 {
        debug_assert!(lane < LANES);
        let place = seq.wrapping_mul(LANES).wrapping_add(lane);
        mix(self.start.wrapping_add(place.wrapping_mul(GAMMA)))
    }

    /// A number from 0 up to and without `end`.
    pub(crate) fn below(&self, seq: u64, lane: u64, end: u64) -> u64 {
        ((u128::from(self.bits(seq, lane)) * u128::from(end)) >> 64) as u64
    }

    /// A number from 0 up to and without 1.
    pub(crate) fn fraction(&self, seq: u64, lane: u64) -> f64 {
        (self.bits(seq, lane) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
