//! Which windows there are.

use std::fmt;

use arrow::datatypes::SchemaRef;
use levada_base::Result;

use crate::ops::{check_columns, check_types};

/// How many windows a row may be in.
pub const WINDOWS_PER_ROW_MAX: i64 = 10_000;

/// Windows `[start, start + size)` with `start ≡ offset (mod slide)`; TUMBLE is `slide == size`. The output is the input's columns
/// followed by `window_start`, `window_end` (type of the time column) and, where the time is a timestamp, `window_time`.
///
/// All numbers are in the unit of the time column (microseconds for timestamps); `origin` is 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowSpec {
    /// The column of event time: a timestamp in microseconds or a BIGINT.
    pub time: usize,
    pub size: i64,
    pub slide: i64,
    pub offset: i64,
}

impl WindowSpec {
    /// The starts of the windows that hold `time`, ascending. Times at the edge of the type are in the windows that can be written.
    pub fn starts(&self, time: i64) -> impl Iterator<Item = i64> + use<> {
        let Self { size, slide, offset, .. } = *self;
        // The last start at or before `time`; floor division, so that negative times fall to the left as well.
        let last = i128::from(time) - (i128::from(time) - i128::from(offset)).rem_euclid(i128::from(slide));
        let (size, slide, time) = (i128::from(size), i128::from(slide), i128::from(time));
        // Starts s = last - k·slide with s > time - size; none at all where slide > size leaves a gap at `time`.
        let reach = size - (time - last);
        let count = if reach <= 0 { 0 } else { (reach + slide - 1) / slide };
        (0..count).rev().filter_map(move |k| {
            let start = i64::try_from(last - k * slide).ok()?;
            start.checked_add(i64::try_from(size).ok()?)?;
            Some(start)
        })
    }

    /// Whether every row is in exactly one window.
    #[must_use]
    pub fn is_tumbling(&self) -> bool {
        self.size == self.slide
    }

    pub(in crate::ops) fn check(&self, input: &SchemaRef, output: &SchemaRef) -> Result<(), String> {
        check_columns(input, [self.time])?;
        if self.size <= 0 || self.slide <= 0 {
            return Err(format!("has size {} and slide {}", self.size, self.slide));
        }
        let width = input.fields().len();
        if output.fields().len() < width + 2 {
            return Err("has no room for its bounds".to_owned());
        }
        let head = output.project(&(0..width).collect::<Vec<_>>()).map_err(|cause| cause.to_string())?;
        check_types(&head.into(), input)
    }
}

impl fmt::Display for WindowSpec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, size, slide, offset } = self;
        if size == slide {
            write!(out, "tumble #{time} size {size}")?;
        } else {
            write!(out, "hop #{time} slide {slide} size {size}")?;
        }
        if *offset != 0 { write!(out, " offset {offset}") } else { Ok(()) }
    }
}
