//! Every view is what a batch engine answers over the same inputs, after every epoch: random queries, random histories.
//!
//! Each test has its own seeds, so that they run beside each other; together they compare more than 2,000 views.

use levada_sim::{REFUSED_PERCENT_MAX, UNANSWERED_PERCENT_MAX, run_seed, sweep};

/// Seeds that fail without a fix that was made: equal rows that a DELETE took back came as several changes. A change of what the
/// generator makes of a seed asks for other seeds here.
const FOUND: &[u64] = &[6, 14];

const SEEDS_PER_TEST: u64 = 60;
/// Fewer would mean that the cases have become emptier.
const VIEWS_PER_TEST_MIN: usize = 180;
/// On average, in the answers that are compared: many are global aggregates, which have one row.
const ROWS_PER_TEN_COMPARISONS_MIN: usize = 15;

fn stream_equals_batch(part: u64) {
    let (tally, failed) = sweep(part * SEEDS_PER_TEST..(part + 1) * SEEDS_PER_TEST);
    let explained: Vec<String> = failed.iter().map(levada_sim::FailedSeed::explain).collect();
    assert!(explained.is_empty(), "{}", explained.join("\n"));
    assert!(tally.views >= VIEWS_PER_TEST_MIN, "too few views to mean something:\n{tally}");
    assert!(tally.rows * 10 >= tally.comparisons * ROWS_PER_TEN_COMPARISONS_MIN, "too few rows to mean something:\n{tally}");
    assert!(tally.unanswered * 100 <= tally.comparisons * UNANSWERED_PERCENT_MAX, "too much is not compared:\n{tally}");
    assert!(tally.refused_percent() <= REFUSED_PERCENT_MAX, "too many views are refused:\n{tally}");
}

/// A test of its own for each part of the seeds.
macro_rules! parts {
    ($($name:ident: $part:literal),* $(,)?) => {
        $(#[test]
        fn $name() {
            stream_equals_batch($part);
        })*
    };
}

parts! {
    s_130_stream_equals_batch_00: 0,
    s_130_stream_equals_batch_01: 1,
    s_130_stream_equals_batch_02: 2,
    s_130_stream_equals_batch_03: 3,
    s_130_stream_equals_batch_04: 4,
    s_130_stream_equals_batch_05: 5,
    s_130_stream_equals_batch_06: 6,
    s_130_stream_equals_batch_07: 7,
    s_130_stream_equals_batch_08: 8,
    s_130_stream_equals_batch_09: 9,
}

#[test]
fn what_was_found_once_stays_fixed() {
    for &seed in FOUND {
        if let Err(failed) = run_seed(seed) {
            panic!("{}", failed.explain());
        }
    }
}
