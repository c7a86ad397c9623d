//! The progress line: rows read and how fast, the watermark that is furthest behind, and how far behind the clock that is.

use std::time::Duration;

use levada::{Database, Timestamp, Watermark, World};

use crate::print;
use crate::screen::Screen;

/// What the line said last.
pub(crate) struct Progress {
    world: World,
    screen: Screen,
    last: Option<Sample>,
    /// Rows a second, once there was something to measure.
    rate: Option<f64>,
}

struct Sample {
    at: Duration,
    rows: u64,
}

/// How much a new measurement counts against those before it.
const WEIGHT_OF_NEW: f64 = 0.3;
/// Event times may be any integers; those between 1990 and 2100, in microseconds, are taken for instants.
const INSTANTS: std::ops::Range<i64> = 631_152_000_000_000..4_102_444_800_000_000;
/// What is further behind is history, not a lag.
const LAG_MAX: Duration = Duration::from_secs(24 * 3_600);

impl Progress {
    pub(crate) fn new(world: World, screen: Screen) -> Self {
        Self { world, screen, last: None, rate: None }
    }

    /// Draws the line anew.
    pub(crate) fn show(&mut self, database: &Database) {
        if !self.screen.line().is_seen() {
            return;
        }
        let sources: Vec<_> = database.progress().into_iter().filter(|progress| progress.is_source).collect();
        let rows = sources.iter().map(|source| source.rows).sum();
        self.measure(rows);
        let mut line = format!("{} rows", short(rows as f64));
        if let Some(rate) = self.rate {
            line.push_str(&format!("  {} rows/s", short(rate)));
        }
        let slowest = sources.iter().filter(|source| is_time(source.watermark)).min_by_key(|source| source.watermark);
        if let Some(slowest) = slowest {
            let at = slowest.watermark.0;
            line.push_str(&if INSTANTS.contains(&at) {
                format!("  watermark {}", print::instant(at))
            } else {
                format!("  watermark {at}")
            });
            let lag = self.world.now().since(Timestamp(at));
            if INSTANTS.contains(&at) && lag < LAG_MAX {
                line.push_str(&format!("  lag {:.1} s", lag.as_secs_f64()));
            }
        }
        self.screen.line().draw(line);
    }

    /// Takes the line away.
    pub(crate) fn clear(&mut self) {
        self.screen.line().clear();
        (self.last, self.rate) = (None, None);
    }

    fn measure(&mut self, rows: u64) {
        let at = self.world.clock().elapsed();
        if let Some(last) = &self.last {
            let seconds = (at - last.at).as_secs_f64();
            if seconds > 0.0 {
                let now = rows.saturating_sub(last.rows) as f64 / seconds;
                self.rate = Some(self.rate.map_or(now, |before| before + (now - before) * WEIGHT_OF_NEW));
            }
        }
        self.last = Some(Sample { at, rows });
    }
}

fn is_time(watermark: Watermark) -> bool {
    watermark != Watermark::NONE && watermark != Watermark::END
}

/// A count in four or five characters.
fn short(count: f64) -> String {
    match count {
        1e9.. => format!("{:.2} G", count / 1e9),
        1e6.. => format!("{:.2} M", count / 1e6),
        1e4.. => format!("{:.1} k", count / 1e3),
        _ => format!("{count:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_short() {
        let texts = [0.0, 9_999.0, 12_345.0, 2_500_000.0, 3e9].map(short);
        assert_eq!(texts, ["0", "9999", "12.3 k", "2.50 M", "3.00 G"]);
    }
}
