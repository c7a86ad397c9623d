//! The table, and the line by which a process hands its figures on.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::measure::Cost;

/// What is known of one query.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    pub levada: Cost,
    /// DataFusion's time with one and with two partitions; `None` if it was not asked and nothing was checked.
    pub batch: Option<[Duration; 2]>,
}

impl Figures {
    /// As one line: numbers with a space between, in nanoseconds and bytes.
    pub fn print(&self) -> String {
        let Cost { wall, cpu, memory_bytes } = self.levada;
        let mut numbers = vec![wall.as_nanos(), cpu.as_nanos(), u128::from(memory_bytes)];
        numbers.extend(self.batch.iter().flatten().map(Duration::as_nanos));
        numbers.iter().map(u128::to_string).collect::<Vec<_>>().join(" ")
    }

    pub fn parse(line: &str) -> Result<Self> {
        let numbers: Vec<u64> = line.split(' ').map(str::parse).collect::<Result<_, _>>().context("a line of numbers")?;
        ensure!(matches!(numbers.len(), 3 | 5), "{} numbers", numbers.len());
        let time = |at: usize| Duration::from_nanos(numbers[at]);
        let batch = (numbers.len() == 5).then(|| [time(3), time(4)]);
        Ok(Self { levada: Cost { wall: time(0), cpu: time(1), memory_bytes: numbers[2] }, batch })
    }
}

/// Lines of a table, for runs over the same number of events.
pub struct Report {
    events: u64,
}

impl Report {
    pub fn new(events: u64) -> Self {
        Self { events }
    }

    pub fn header(&self) -> String {
        let names = ["query", "M events/s", "CPU-s", "memory MiB", "batch 1p", "batch 2p", "ratio"];
        format!("{}\n{}", row(names.map(str::to_owned)), row(["---"; 7].map(str::to_owned)))
    }

    /// Speeds in million events a second; the ratio is that to the better one of batch.
    pub fn line(&self, query: &str, figures: &Figures) -> String {
        let Figures { levada, batch } = figures;
        let speed = |time: Duration| self.events as f64 / 1e6 / time.as_secs_f64().max(1e-9);
        let ours = speed(levada.wall);
        let [one, two, ratio] = match batch.map(|batch| batch.map(speed)) {
            None => ["-", "-", "unchecked"].map(str::to_owned),
            Some([one, two]) => [number(one), number(two), format!("{:.3}", ours / one.max(two))],
        };
        let memory = levada.memory_bytes as f64 / f64::from(1 << 20);
        row([query.to_owned(), number(ours), number(levada.cpu.as_secs_f64()), format!("{memory:.0}"), one, two, ratio])
    }

    pub fn failure(&self, query: &str, error: &anyhow::Error) -> String {
        format!("| {query:>5} | no figures: {error:#}")
    }
}

/// Three digits that say something.
fn number(number: f64) -> String {
    match number {
        n if n >= 100.0 => format!("{n:.0}"),
        n if n >= 10.0 => format!("{n:.1}"),
        n => format!("{n:.2}"),
    }
}

fn row(cells: [String; 7]) -> String {
    let [query, rest @ ..] = cells;
    format!("| {query:>5} | {} |", rest.map(|cell| format!("{cell:>10}")).join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        let levada = Cost { wall: Duration::from_millis(250), cpu: Duration::from_millis(480), memory_bytes: 3 << 20 };
        Figures { levada, batch: Some([Duration::from_millis(100), Duration::from_millis(50)]) }
    }

    #[test]
    fn figures_survive_the_line() {
        let unchecked = Figures { batch: None, ..figures() };
        for figures in [figures(), unchecked] {
            assert_eq!(Figures::parse(&figures.print()).unwrap(), figures);
        }
        for broken in ["", "1 2", "1 2 3 4", "a b c", "1 2 -3"] {
            assert!(Figures::parse(broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn a_line_gives_speeds_and_the_ratio_to_the_better_batch_run() {
        let report = Report::new(10_000_000);
        let cells =
            |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty()).collect::<Vec<_>>();
        assert_eq!(cells(&report.line("q7", &figures())), ["q7", "40.0", "0.48", "3", "100", "200", "0.200"]);
        let unchecked = Figures { batch: None, ..figures() };
        assert_eq!(cells(&report.line("q7", &unchecked))[4..], ["-", "-", "unchecked"]);
    }

    #[test]
    fn all_lines_are_of_one_width() {
        let report = Report::new(1_000);
        let header = report.header();
        let widths: Vec<usize> = header.lines().map(str::len).chain([report.line("q12", &figures()).len()]).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{widths:?}");
    }
}
