//! The compute threads: one a shard, kept for the life of the database.

use levada_base::{Error, Result, World, codes};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// Threads that run the shards of a stage beside each other; or none, then they run one after the other in the caller's thread.
pub struct Pool(Option<ThreadPool>);

impl Pool {
    /// One thread a shard; none for a single shard or in a world without threads.
    ///
    /// # Errors
    /// `LV-S722` if the system gives no threads.
    pub fn new(world: &World, shards: usize) -> Result<Self> {
        if shards <= 1 || !world.has_threads() {
            return Ok(Self(None));
        }
        let threads = world.clone();
        let pool = ThreadPoolBuilder::new()
            .num_threads(shards)
            .spawn_handler(move |thread| {
                let name = format!("levada-shard-{}", thread.index());
                // The pool ends its threads when it is dropped; nobody waits for them by handle.
                threads.spawn(&name, || thread.run()).map(drop).map_err(std::io::Error::other)
            })
            .build()
            .map_err(|cause| Error::new(codes::LV_S722, "no threads for the shards").caused_by(cause))?;
        Ok(Self(Some(pool)))
    }

    /// No threads: everything runs in the caller's.
    #[must_use]
    pub fn inline() -> Self {
        Self(None)
    }

    /// Runs `work` on every item, beside each other where there are threads; the first error in item order.
    pub(crate) fn run<T: Send>(&self, items: &mut [T], work: impl Fn(&mut T) -> Result<()> + Send + Sync) -> Result<()> {
        match &self.0 {
            None => items.iter_mut().try_for_each(work),
            Some(pool) => {
                let results: Vec<Result<()>> = pool.install(|| items.par_iter_mut().with_max_len(1).map(work).collect());
                results.into_iter().collect()
            }
        }
    }
}
