//! How a server is set up: data, not a part of it.

/// The settings of a server. What is not said stays as PostgreSQL ships it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Settings {
    durable: bool,
    pairs: Vec<(String, String)>,
}

impl Settings {
    /// For tests: a commit survives the end of the server in any mode, but not the end of the machine.
    pub fn fast() -> Self {
        // Commits still wait for the log to be written (not synced): a server that is stopped at once loses none.
        Self { durable: false, pairs: Vec::new() }.with("max_connections", 300)
    }

    /// Stock PostgreSQL: every commit is synced.
    pub fn durable() -> Self {
        Self { durable: true, pairs: Vec::new() }
    }

    /// For benchmarks: stock but for the two sizes that everybody raises.
    pub fn bench() -> Self {
        Self::durable().with("shared_buffers", "512MB").with("max_wal_size", "4GB")
    }

    /// One more setting of `postgresql.conf`; the last word on a name counts.
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.pairs.push((name.to_owned(), value.to_string()));
        self
    }

    pub(crate) fn is_durable(&self) -> bool {
        self.durable
    }

    /// The lines for `postgresql.conf`.
    pub(crate) fn lines(&self) -> String {
        let unsafe_pairs: &[(&str, &str)] = if self.durable { &[] } else { &[("fsync", "off"), ("full_page_writes", "off")] };
        let own = self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        unsafe_pairs.iter().copied().chain(own).map(|(name, value)| format!("{name} = {}\n", quoted(value))).collect()
    }
}

/// A value as `postgresql.conf` reads it.
pub(crate) fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_durable_servers_sync() {
        assert!(Settings::fast().lines().contains("fsync = 'off'"));
        assert!(!Settings::durable().lines().contains("fsync"));
        assert_eq!(Settings::bench().lines(), "shared_buffers = '512MB'\nmax_wal_size = '4GB'\n");
    }

    #[test]
    fn values_are_quoted() {
        assert_eq!(Settings::durable().with("log_line_prefix", r"it's \ ").lines(), "log_line_prefix = 'it''s \\\\ '\n");
    }
}
