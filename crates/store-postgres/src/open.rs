//! Opening and closing: the schema, then the tasks that serve calls and carry hints.

use std::collections::VecDeque;
use std::sync::Arc;

use levada_base::{Error, World, codes};
use levada_store::Waker;
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;

use crate::clock::Clock;
use crate::connections::Connections;
use crate::drivers::drive;
use crate::errors::{Failure, final_error, unreachable};
use crate::migrate::migrate;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::shortcuts::Shortcuts;
use crate::statistics::Counters;
use crate::store::PostgresStore;
use crate::{hints, session::Session};

impl PostgresStore {
    /// Opens the store of a database, making or upgrading its tables. Runs within a tokio runtime, on which its tasks live.
    ///
    /// # Errors
    /// `LV-T702` if the server is not reached in time, `LV-T705` for a schema of another build, `LV-T708` for a server older than 13,
    /// `LV-T709` for a replica.
    pub async fn open(settings: Settings, world: World) -> Result<Self, Error> {
        if settings.schema.is_empty() || settings.drivers == 0 {
            return Err(Error::new(codes::LV_T001, "settings: a schema's name and at least one driver are needed"));
        }
        let node = world.random();
        let connections = Connections::new(&settings, node)?;
        let limit = settings.operation_timeout;
        let prepared = timeout(limit, prepare(&connections, &settings.schema)).await;
        let instance = prepared
            .unwrap_or_else(|_| Err(Failure::Lost("no answer".to_owned())))
            .map_err(|why| final_error(why, 1, false))?;
        let (outbox, hints) = if settings.listen { Some(mpsc::unbounded_channel()).unzip() } else { (None, None) };
        let shared = Arc::new(Shared {
            node,
            world,
            connections,
            clock: Clock::default(),
            counters: Counters::default(),
            waker: Waker::default(),
            shortcuts: Shortcuts::default(),
            queue: Mutex::new(VecDeque::new()),
            queued: Notify::new(),
            outbox,
            closing: watch::Sender::new(false),
            instance,
            settings,
        });
        let mut tasks: Vec<_> = (0..shared.settings.drivers).map(|_| tokio::spawn(drive(Arc::clone(&shared)))).collect();
        tasks.extend(hints.map(|hints| tokio::spawn(hints::carry(Arc::clone(&shared), hints))));
        Ok(Self { shared, tasks: Mutex::new(tasks) })
    }

    /// Ends the store: running transactions end, what waits is refused with `LV-T702`, and all tasks and connections are gone when
    /// this returns.
    pub async fn close(self) {
        self.shared.closing.send_replace(true);
        let tasks = std::mem::take(&mut *self.tasks.lock());
        for task in tasks {
            // A task that panicked has ended, too.
            let _ = task.await;
        }
        self.shared.queue.lock().clear();
        self.shared.connections.close();
    }
}

/// The schema as this build needs it, and what names the store.
async fn prepare(connections: &Connections, schema: &str) -> Result<u128, Failure> {
    let session: Session = connections.session().await?;
    let client = session.client()?;
    let migrated = migrate(client, schema).await;
    if let Err(failure) = migrated {
        session.roll_back().await;
        return Err(failure);
    }
    let row = client.query_one("SELECT store_instance()", &[]).await?;
    let instance: uuid::Uuid = row.try_get(0).map_err(|_| unreachable("the store has no name"))?;
    session.done();
    Ok(instance.as_u128())
}
