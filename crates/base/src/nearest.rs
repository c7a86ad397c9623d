//! "Did you mean": the nearest known name.

/// How far a name may be from what was typed and still be offered (insertions, deletions, substitutions, swaps).
pub const NEAREST_DISTANCE_MAX: usize = 2;

/// The candidate nearest to `typed` within [`NEAREST_DISTANCE_MAX`], without regard to case; the first one on a tie.
///
/// ```
/// assert_eq!(levada_base::nearest("amout", ["id", "amount"]), Some("amount"));
/// assert_eq!(levada_base::nearest("zzz", ["id", "amount"]), None);
/// ```
pub fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    let allowed = NEAREST_DISTANCE_MAX.min(typed.chars().count().div_ceil(2));
    candidates
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&typed, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
