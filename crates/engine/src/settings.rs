//! What can be set: one value, checked as a whole.

use levada_base::{Error, Result, codes, nearest};

/// How a database runs. All limits have a name, and at the limit the default is back-pressure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Compute shards; results do not depend on it.
    pub shards: usize,
    /// Rows of all inputs together that one epoch takes at most.
    pub epoch_rows_max: usize,
    /// Milliseconds that an epoch waits for more rows from connectors after the first has come; pushes and statements never wait.
    pub epoch_linger_ms: u64,
    /// Rows a reader asks its source for at once.
    pub source_rows_max: usize,
    /// Rows read from a source and not yet in an epoch, at most: then its reader waits.
    pub buffer_rows: usize,
    /// Milliseconds of wall clock without rows after which a partition holds back no watermark; 0 = never.
    pub idle_timeout_ms: u64,
    /// Bytes of changes that wait for a subscriber at most: then it ends with `LV-S705`.
    pub subscription_buffer_bytes: usize,
}

const SHARDS_MAX: usize = 256;

impl Default for Settings {
    fn default() -> Self {
        Self {
            shards: std::thread::available_parallelism().map_or(1, usize::from).min(SHARDS_MAX),
            epoch_rows_max: 65_536,
            epoch_linger_ms: 5,
            source_rows_max: 8_192,
            buffer_rows: 131_072,
            idle_timeout_ms: 60_000,
            subscription_buffer_bytes: 64 << 20,
        }
    }
}

impl Settings {
    /// The names that [`Settings::set`] knows.
    pub const NAMES: &'static [&'static str] =
        &["shards", "epoch_rows_max", "epoch_linger", "source_rows_max", "buffer_rows", "idle_timeout", "subscription_buffer"];

    /// Sets one by name, from text: durations and sizes with their unit.
    ///
    /// # Errors
    /// `LV-S602` for an unknown name (with the nearest) or an impossible value.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let count = |max: usize| match value.trim().replace('_', "").parse::<usize>() {
            Ok(number) if (1..=max).contains(&number) => Ok(number),
            _ => Err(impossible(name, value, &format!("a whole number from 1 to {max}"))),
        };
        match name {
            "shards" => self.shards = count(SHARDS_MAX)?,
            "epoch_rows_max" => self.epoch_rows_max = count(usize::MAX)?,
            "source_rows_max" => self.source_rows_max = count(usize::MAX)?,
            "buffer_rows" => self.buffer_rows = count(usize::MAX)?,
            "epoch_linger" => self.epoch_linger_ms = milliseconds(name, value)?,
            "idle_timeout" => self.idle_timeout_ms = milliseconds(name, value)?,
            "subscription_buffer" => {
                let bytes = levada_base::bytes(value).and_then(|bytes| usize::try_from(bytes).ok());
                self.subscription_buffer_bytes = bytes.ok_or_else(|| impossible(name, value, "a size such as '64 MiB'"))?;
            }
            _ => {
                let error = Error::new(codes::LV_S602, format!("there is no setting \"{name}\""));
                return Err(match nearest(name, Self::NAMES.iter().copied()) {
                    Some(near) => error.with_hint(format!("did you mean \"{near}\"?")),
                    None => error.with_hint(format!("there are {}", Self::NAMES.join(", "))),
                });
            }
        }
        Ok(())
    }

    /// Every setting with its value, as it would be set.
    #[must_use]
    pub fn all(&self) -> Vec<(&'static str, String)> {
        let Self {
            shards,
            epoch_rows_max,
            epoch_linger_ms,
            source_rows_max,
            buffer_rows,
            idle_timeout_ms,
            subscription_buffer_bytes,
        } = self;
        vec![
            ("shards", shards.to_string()),
            ("epoch_rows_max", epoch_rows_max.to_string()),
            ("epoch_linger", format!("{epoch_linger_ms} ms")),
            ("source_rows_max", source_rows_max.to_string()),
            ("buffer_rows", buffer_rows.to_string()),
            ("idle_timeout", format!("{idle_timeout_ms} ms")),
            ("subscription_buffer", format!("{subscription_buffer_bytes} B")),
        ]
    }
}

fn milliseconds(name: &str, value: &str) -> Result<u64> {
    let time = levada_base::duration(value).ok_or_else(|| impossible(name, value, "a duration such as '60 s'"))?;
    Ok(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

fn impossible(name: &str, value: &str, wanted: &str) -> Error {
    Error::new(codes::LV_S602, format!("setting \"{name}\" can't be '{value}'")).with_hint(format!("give {wanted}"))
}
