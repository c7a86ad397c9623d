//! What is printed: where it ran, then a table per scenario.

use super::figure::{Figure, Figures};
use super::raw::Measured;

/// A table of the figures of several runs: medians, with their spread; and beside them those of the baseline, if there is one.
pub fn table(runs: &[Figures], baseline: &[Measured]) -> String {
    let Some(first) = runs.first() else { return String::new() };
    let (names, rules) = if baseline.is_empty() { ("", "") } else { (" baseline | change |", "---:|---|") };
    let head =
        format!("| figure | median | min … max | unit | must | goal | |{names}\n|---|---:|---:|---|---:|---:|---|{rules}\n");
    let lines = first.0.iter().enumerate().map(|(at, figure)| {
        let sorted = sorted(runs.iter().filter_map(|run| run.0.get(at)).map(|figure| figure.value));
        let beside = if baseline.is_empty() { String::new() } else { beside(figure, median(&sorted), baseline) };
        format!("{}{beside}\n", line(figure, &sorted))
    });
    lines.fold(head, |table, line| table + &line)
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<_> = values.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// The median of the baseline, and how this build's compares with it. A figure that it does not have stands alone.
fn beside(figure: &Figure, value: f64, baseline: &[Measured]) -> String {
    let theirs = baseline.iter().filter_map(|run| run.iter().find(|(name, _)| *name == figure.name)).map(|(_, value)| *value);
    let theirs = sorted(theirs);
    if theirs.is_empty() {
        return "  |  |".to_owned();
    }
    let theirs = median(&theirs);
    format!(" {} | {} |", number(theirs), figure.compared(value, theirs))
}

fn line(figure: &Figure, sorted: &[f64]) -> String {
    let median = median(sorted);
    let spread = match sorted {
        [first, .., last] => format!("{} … {}", number(*first), number(*last)),
        _ => String::new(),
    };
    let Figure { name, unit, target, .. } = figure;
    let bound = |sign: &str, bound: Option<f64>| bound.map(|bound| format!("{sign} {}", number(bound))).unwrap_or_default();
    let sign = target.map_or("", |target| if target.better == super::figure::Better::Higher { "≥" } else { "≤" });
    let must = bound(sign, target.map(|target| target.must));
    let goal = bound(sign, target.and_then(|target| target.goal));
    let verdict = target.map(|target| target.verdict(median)).unwrap_or_default();
    format!("| {name} | {} | {spread} | {unit} | {must} | {goal} | {verdict} |", number(median))
}

/// Of sorted values; of an even number of them the mean of the two in the middle.
fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    match sorted {
        [] => 0.0,
        _ if sorted.len() % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// Three digits that say something; thousands as they are.
pub fn number(number: f64) -> String {
    match number.abs() {
        n if n >= 100.0 => format!("{number:.0}"),
        n if n >= 10.0 => format!("{number:.1}"),
        n if n >= 0.995 || n == 0.0 => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::figure::Target;
    use super::*;

    #[test]
    fn a_line_shows_the_median_and_judges_it() {
        let run = |value| {
            let mut figures = Figures::default();
            figures.add("drain", "1/s", value, Some(Target::at_least(1_500.0, 3_000.0)));
            figures
        };
        let runs = [run(1_000.0), run(2_000.0), run(1_750.0)];
        let last = |table: String| table.lines().last().map(str::to_owned).unwrap_or_default();
        let alone = "| drain | 1750 | 1000 … 2000 | 1/s | ≥ 1500 | ≥ 3000 | reached; goal missed by 42 % |";
        assert_eq!(last(table(&runs, &[])), alone);
        let baseline = [2_000.0, 2_100.0, 1_900.0].map(|value| vec![("drain".to_owned(), value)]);
        assert_eq!(last(table(&runs, &baseline)), format!("{alone} 2000 | -12 % **regression** |"));
        assert_eq!(last(table(&runs, &[vec![("other".to_owned(), 1.0)]])), format!("{alone}  |  |"));
    }

    #[test]
    fn medians_of_even_numbers_are_in_the_middle() {
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), 3.0);
        assert_eq!(median(&[5.0]), 5.0);
    }

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!([0.0, 0.01234, 1.0, 12.345, 12_345.6].map(number), ["0.00", "0.012", "1.00", "12.3", "12346"]);
    }
}
