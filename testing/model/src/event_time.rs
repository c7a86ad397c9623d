//! Windows and lateness by their definition (rows of a source, one window operator, one watermark).

/// Windows `[start, start + size)` for every `start` that is `offset` and a whole number of slides. All numbers in one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Windows {
    pub size: i64,
    pub slide: i64,
    pub offset: i64,
}

/// When a windowed query shows its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emits {
    /// At once.
    Changes,
    /// When the watermark has reached the window's end.
    OnWindowClose,
}

/// A row in one of its windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placed {
    /// The number under which the row came.
    pub row: usize,
    pub start: i64,
    pub end: i64,
}

/// What a windowed query over one source counts in, after each epoch.
#[derive(Debug, Clone)]
pub struct EventTime {
    windows: Windows,
    emits: Emits,
    /// How long after a window's end its rows are still taken; `None`: for ever.
    lateness: Option<i64>,
    /// The watermark follows this far behind the largest event time.
    delay: i64,
    watermark: Option<i64>,
    kept: Vec<Placed>,
    late: usize,
}

impl Windows {
    /// The windows that hold `time`.
    #[must_use]
    pub fn of(&self, time: i64) -> Vec<(i64, i64)> {
        let first = (time - self.offset).div_euclid(self.slide) - self.size / self.slide - 1;
        let starts = (0..=self.size / self.slide + 2).map(|step| (first + step) * self.slide + self.offset);
        starts.filter(|start| *start <= time && time < start + self.size).map(|start| (start, start + self.size)).collect()
    }
}

impl EventTime {
    /// Nothing has come yet.
    #[must_use]
    pub fn new(windows: Windows, emits: Emits, lateness: Option<i64>, delay: i64) -> Self {
        Self { windows, emits, lateness, delay, watermark: None, kept: Vec::new(), late: 0 }
    }

    /// An epoch in which these rows come, each with its number and time. The rows are judged by the watermark of the epoch before,
    /// each window for itself; a row without time is in no window and moves no watermark.
    pub fn epoch(&mut self, rows: &[(usize, Option<i64>)]) {
        for &(row, time) in rows {
            for (start, end) in time.map_or_else(Vec::new, |time| self.windows.of(time)) {
                if self.is_late(end) {
                    self.late += 1;
                } else {
                    self.kept.push(Placed { row, start, end });
                }
            }
        }
        let marks = rows.iter().filter_map(|(_, time)| Some((*time)? - self.delay));
        self.watermark = marks.chain(self.watermark).max();
    }

    /// The input ends: everything is complete.
    pub fn end(&mut self) {
        self.watermark = Some(i64::MAX);
    }

    fn is_late(&self, end: i64) -> bool {
        match (self.lateness, self.watermark) {
            (Some(lateness), Some(watermark)) => end.saturating_add(lateness) <= watermark,
            _ => false,
        }
    }

    /// The rows that the query's result is made of now.
    #[must_use]
    pub fn visible(&self) -> Vec<Placed> {
        let shown = |placed: &&Placed| match self.emits {
            Emits::Changes => true,
            Emits::OnWindowClose => self.watermark.is_some_and(|watermark| watermark >= placed.end),
        };
        self.kept.iter().filter(shown).copied().collect()
    }

    /// How often a row was too late for a window of its.
    #[must_use]
    pub fn late(&self) -> usize {
        self.late
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TUMBLE: Windows = Windows { size: 10, slide: 10, offset: 0 };

    #[test]
    fn windows_are_half_open_floor_negative_times_and_may_leave_gaps() {
        assert_eq!(TUMBLE.of(10), [(10, 20)]);
        assert_eq!(TUMBLE.of(-1), [(-10, 0)]);
        assert_eq!(Windows { size: 10, slide: 4, offset: 1 }.of(5), [(-3, 7), (1, 11), (5, 15)]);
        let gaps = Windows { size: 2, slide: 10, offset: 0 };
        assert_eq!((gaps.of(1), gaps.of(2)), (vec![(0, 2)], vec![]));
    }

    #[test]
    fn a_row_is_judged_by_the_watermark_before_its_epoch() {
        let mut time = EventTime::new(TUMBLE, Emits::OnWindowClose, Some(0), 2);
        time.epoch(&[(0, Some(1)), (1, None), (2, Some(30)), (3, Some(3))]);
        assert_eq!(
            time.visible().iter().map(|placed| placed.row).collect::<Vec<_>>(),
            [0, 3],
            "in time, whatever comes with it"
        );
        time.epoch(&[(4, Some(19)), (5, Some(28))]);
        assert_eq!(time.late(), 1);
        assert_eq!(time.visible().len(), 2, "the watermark is at 28");
        time.end();
        assert_eq!(time.visible().iter().map(|placed| placed.row).collect::<Vec<_>>(), [0, 2, 3, 5]);
    }

    #[test]
    fn lateness_keeps_a_closed_window_open_for_corrections() {
        let mut time = EventTime::new(TUMBLE, Emits::OnWindowClose, Some(5), 0);
        time.epoch(&[(0, Some(1)), (1, Some(14))]);
        time.epoch(&[(2, Some(2)), (3, Some(15))]);
        assert_eq!(time.visible().iter().map(|placed| placed.row).collect::<Vec<_>>(), [0, 2]);
        time.epoch(&[(4, Some(3))]);
        assert_eq!(time.late(), 1);
    }
}
