//! Opening a database.

use std::sync::Arc;

use levada_base::{Result, World};
use levada_connect::{Connector, Context, Format, Registry};
use levada_connectors::{Output, Totals};

use crate::{Database, Settings};

/// Settings are data, components are parts. Made by [`Database::builder`].
#[derive(Default)]
pub struct Builder {
    settings: Settings,
    world: Option<World>,
    connectors: Vec<Arc<dyn Connector>>,
    formats: Vec<Arc<dyn Format>>,
    output: Option<Output>,
    totals: Option<Totals>,
    reading: Reading,
}

/// When sources begin to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Reading {
    #[default]
    AtOnce,
    WhenStarted,
}

impl Builder {
    /// All settings at once.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// The number of compute shards; results do not depend on it.
    #[must_use]
    pub fn shards(mut self, shards: usize) -> Self {
        self.settings.shards = shards;
        self
    }

    /// Another clock, other files, other threads.
    #[must_use]
    pub fn world(mut self, world: World) -> Self {
        self.world = Some(world);
        self
    }

    /// A connector beside the built-in ones.
    #[must_use]
    pub fn connector(mut self, connector: Arc<dyn Connector>) -> Self {
        self.connectors.push(connector);
        self
    }

    /// A format beside the built-in ones.
    #[must_use]
    pub fn format(mut self, format: Arc<dyn Format>) -> Self {
        self.formats.push(format);
        self
    }

    /// Where `stdout` sinks write.
    #[must_use]
    pub fn output(mut self, output: Output) -> Self {
        self.output = Some(output);
        self
    }

    /// Where `blackhole` sinks count.
    #[must_use]
    pub fn totals(mut self, totals: Totals) -> Self {
        self.totals = Some(totals);
        self
    }

    /// Sources are not read before [`Database::start`]: every statement of a script sees them from their first row.
    #[must_use]
    pub fn read_when_started(mut self) -> Self {
        self.reading = Reading::WhenStarted;
        self
    }

    /// Opens a database that lives in memory.
    ///
    /// # Errors
    /// `LV-S102` if two connectors share a name; `LV-S722` if the system gives no threads.
    pub fn open_in_memory(self) -> Result<Database> {
        let mut registry = Registry::default();
        levada_formats::register_all(&mut registry)?;
        levada_connectors::register_all(&mut registry, self.output.unwrap_or_default(), self.totals.unwrap_or_default())?;
        for connector in self.connectors {
            registry.add_connector(connector)?;
        }
        for format in self.formats {
            registry.add_format(format)?;
        }
        let world = self.world.unwrap_or_else(World::real);
        let context = Context { world, registry: Arc::new(registry) };
        Database::open(self.settings, context, self.reading == Reading::AtOnce)
    }
}
