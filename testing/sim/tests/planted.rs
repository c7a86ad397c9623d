//! The harness finds bugs: each of a dozen is put back, and some seed shows it; without it the same seed passes.

use levada_dataflow::planted::{Bug, with_bug};
use levada_sim::run_seed;

/// A bug that needs more cases than this would mostly slip through.
const SEEDS_MAX: u64 = 60;

fn is_found(bug: Bug) {
    let found = with_bug(bug, || (0..SEEDS_MAX).find(|&seed| run_seed(seed).is_err()));
    let seed = found.unwrap_or_else(|| panic!("{bug:?} is not found by {SEEDS_MAX} seeds"));
    if let Err(failed) = run_seed(seed) {
        panic!("without {bug:?}: {}", failed.explain());
    }
}

/// A test of its own for each bug.
macro_rules! bugs {
    ($($name:ident: $bug:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            is_found(Bug::$bug);
        })*

        #[test]
        fn there_is_a_test_for_every_bug() {
            assert_eq!([$(Bug::$bug),*], Bug::ALL);
        }
    };
}

bugs! {
    a_wrong_sign_is_found: WrongSign,
    a_missed_retraction_is_found: MissedRetraction,
    a_dropped_batch_is_found: DroppedBatch,
    a_duplicated_batch_is_found: DuplicatedBatch,
    a_window_that_ends_too_late_is_found: WindowEndOffByOne,
    nulls_that_match_are_found: NullKeysMatch,
    a_late_row_that_is_kept_is_found: LateRowKept,
    a_distinct_without_weights_is_found: DistinctIgnoresWeights,
    a_top_n_with_a_row_too_many_is_found: TopNOffByOne,
    padding_that_stays_is_found: PaddingStays,
    an_extreme_that_is_not_recomputed_is_found: ExtremeNotRecomputed,
    a_null_that_passes_a_filter_is_found: NullPassesFilter,
}
