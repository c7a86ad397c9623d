//! A figure of a run, and what is demanded of it.

use super::latency::Latencies;

/// One thing that was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    pub name: String,
    pub unit: &'static str,
    pub value: f64,
    pub target: Option<Target>,
}

/// What is demanded ("must" blocks a release) and hoped for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    pub must: f64,
    pub goal: Option<f64>,
    pub better: Better,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    Higher,
    Lower,
}

impl Target {
    pub fn at_least(must: f64, goal: impl Into<Option<f64>>) -> Self {
        Self { must, goal: goal.into(), better: Better::Higher }
    }

    pub fn at_most(must: f64, goal: impl Into<Option<f64>>) -> Self {
        Self { must, goal: goal.into(), better: Better::Lower }
    }

    /// In a word or two: whether a value reaches it, or by how much it misses.
    pub fn verdict(&self, value: f64) -> String {
        match (self.goal, self.reaches(value, self.must)) {
            (_, false) => format!("**missed** by {}", self.distance(value, self.must)),
            (Some(goal), true) if self.reaches(value, goal) => "goal reached".to_owned(),
            (Some(goal), true) => format!("reached; goal missed by {}", self.distance(value, goal)),
            (None, true) => "reached".to_owned(),
        }
    }

    fn reaches(&self, value: f64, bound: f64) -> bool {
        match self.better {
            Better::Higher => value >= bound,
            Better::Lower => value <= bound,
        }
    }

    /// In percent of the bound; as a factor if it is far.
    fn distance(&self, value: f64, bound: f64) -> String {
        if bound == 0.0 {
            return super::report::number((value - bound).abs());
        }
        let (large, small) = if value > bound { (value, bound) } else { (bound, value) };
        if large > 3.0 * small {
            format!("{:.1} ×", large / small)
        } else {
            format!("{:.0} %", (value - bound).abs() / bound * 100.0)
        }
    }
}

/// What a figure may be worse than the baseline's (P-13), in percent: a throughput, and a 99th percentile.
const SLOWER_MAX: f64 = 10.0;
const LATER_MAX: f64 = 20.0;

impl Figure {
    /// How a value compares with the baseline's: by how much it changed, and whether that is a regression.
    pub fn compared(&self, value: f64, baseline: f64) -> String {
        if baseline == 0.0 {
            return String::new();
        }
        let change = (value / baseline - 1.0) * 100.0;
        let is_slower = self.unit.ends_with("/s") && value * 100.0 <= baseline * (100.0 - SLOWER_MAX);
        let is_later = self.name.ends_with("p99") && value * 100.0 >= baseline * (100.0 + LATER_MAX);
        let word = if is_slower || is_later { " **regression**" } else { "" };
        format!("{change:+.0} %{word}")
    }
}

/// The figures of one run of a scenario, in the order in which they are shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures(pub Vec<Figure>);

impl Figures {
    pub fn add(&mut self, name: impl Into<String>, unit: &'static str, value: f64, target: Option<Target>) {
        self.0.push(Figure { name: name.into(), unit, value, target });
    }

    /// Three percentiles of a call, the last with a target.
    pub fn latency(&mut self, name: &str, latencies: &Latencies, p50: Option<Target>, p99: Option<Target>) {
        self.add(format!("{name}, p50"), "ms", latencies.p50(), p50);
        self.add(format!("{name}, p95"), "ms", latencies.p95(), None);
        self.add(format!("{name}, p99"), "ms", latencies.p99(), p99);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regression_is_a_tenth_of_a_rate_or_a_fifth_of_a_p99() {
        let figure = |name: &str, unit| Figure { name: name.to_owned(), unit, value: 0.0, target: None };
        let rate = figure("drain", "1/s");
        assert_eq!(["+25 %", "-9 %"].map(str::to_owned), [rate.compared(1_250.0, 1_000.0), rate.compared(910.0, 1_000.0)]);
        assert_eq!(rate.compared(900.0, 1_000.0), "-10 % **regression**");
        assert_eq!(figure("claim, p99", "ms").compared(12.0, 10.0), "+20 % **regression**");
        assert_eq!(figure("claim, p50", "ms").compared(12.0, 10.0), "+20 %");
        assert_eq!(rate.compared(1.0, 0.0), "", "nothing to compare with");
    }

    #[test]
    fn a_verdict_says_what_was_missed_and_by_how_much() {
        let rate = Target::at_least(1_000.0, 2_000.0);
        assert_eq!(rate.verdict(2_000.0), "goal reached");
        assert_eq!(rate.verdict(1_500.0), "reached; goal missed by 25 %");
        assert_eq!(rate.verdict(900.0), "**missed** by 10 %");
        assert_eq!(rate.verdict(100.0), "**missed** by 10.0 ×");
        let time = Target::at_most(25.0, None);
        assert_eq!(time.verdict(25.0), "reached");
        assert_eq!(time.verdict(30.0), "**missed** by 20 %");
        assert_eq!(time.verdict(250.0), "**missed** by 10.0 ×");
        assert_eq!(Target::at_most(0.0, None).verdict(7.0), "**missed** by 7.00");
    }
}
