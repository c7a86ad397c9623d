//! `tasks`: the benchmarks of the execution engine (`PB-1` …), each over the public operations alone.
//!
//! A scenario makes an empty store, has callers submit and workers claim and complete, checks what came out, and gives figures. Nothing
//! asserts a time: a figure is printed beside what is demanded of it.

mod baseline;
mod calls;
mod figure;
mod host;
mod latency;
mod pb01_single;
mod pb02_batched;
mod pb03_submit;
mod pb04_chains;
mod pb05_hop;
mod pb06_fan_in;
mod pb07_quorum;
mod pb09_routed;
mod pb10_empty;
mod pb11_size;
mod pb12_steady;
mod pb13_timers;
mod pb14_renewals;
mod pb15_deep_lane;
pub mod pb16_recovery;
mod raw;
mod report;
mod stores;
mod work;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use levada_base::World;
use levada_store::alphabets::PublicState;
use levada_store::{ExecutionFilter, Query, Store};
use levada_tasks::{Settings, Tasks};
use levada_testing_postgres::Server;

use baseline::Baseline;
use figure::{Figures, Target};
use raw::{Measured, Raw};
use stores::{Counts, Kind, MemoryStores, Place, PostgresStores, SqliteStores, Stores};

/// How long background work may take to end.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);
/// Executions that are counted at a time.
const EXPECTED_PAGE: u32 = 10_000;

#[derive(Debug, Clone, Args)]
pub struct Arguments {
    #[arg(long, value_enum)]
    store: Kind,
    /// Which scenarios: `all`, or names as in PB-1,PB-4
    #[arg(long, value_delimiter = ',', default_value = "all")]
    scenario: Vec<String>,
    /// Runs of each short scenario, of which the median counts; long ones run once
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// The share of their full size that the large scenarios have
    #[arg(long, default_value_t = 0.1)]
    scale: f64,
    /// How long the steady load of PB-12 lasts
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// Where SQLite's files are made: on a disk
    #[arg(long)]
    directory: Option<PathBuf>,
    /// A file for the figures of each run, a line of JSON each
    #[arg(long)]
    raw: Option<PathBuf>,
    /// Another build of this program, whose runs take turns with this one's and stand beside them
    #[arg(long)]
    baseline: Option<PathBuf>,
}

/// The scenarios: name, what it measures, whether it is long and runs once.
const SCENARIOS: &[(&str, &str, bool)] = &[
    ("calls", "what single operations need", true),
    ("PB-1", "single", false),
    ("PB-2", "batched", false),
    ("PB-3", "submit", false),
    ("PB-4", "chains", false),
    ("PB-5", "hop", false),
    ("PB-6", "fan-in", false),
    ("PB-7", "quorum", false),
    ("PB-9", "routed", false),
    ("PB-10", "empty", true),
    ("PB-11", "size", true),
    ("PB-12", "steady", true),
    ("PB-13", "timers", false),
    ("PB-14", "renewals", true),
    ("PB-15", "deep-lane", true),
    ("PB-16", "recovery", true),
];

pub fn run(arguments: &Arguments) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("a runtime")?;
    let directory = arguments.directory.clone().unwrap_or_else(std::env::temp_dir);
    match arguments.store {
        Kind::Sqlite => runtime.block_on(measure(SqliteStores { directory }, arguments)),
        Kind::Memory => runtime.block_on(measure(MemoryStores, arguments)),
        Kind::Postgres => {
            let server = Server::start(&levada_testing_postgres::Settings::bench())?;
            runtime.block_on(measure(PostgresStores { server }, arguments))
        }
    }
}

/// Runs the scenarios that are asked for; the report goes to the standard output as it grows.
async fn measure<S: Stores>(stores: S, arguments: &Arguments) -> Result<()> {
    let chosen = chosen(&arguments.scenario)?;
    let (version, directory) = stores.versions()?;
    let store = format!("{:?}", arguments.store).to_lowercase();
    println!("## Store: {store}\n\n{}\n", host::describe(&version, &directory)?);
    let bench = Bench { stores, scale: arguments.scale, minutes: arguments.minutes };
    let baseline = arguments.baseline.clone().map(|program| Baseline::of(program, &store, arguments));
    let (mut raw, mut failed) = (Raw::to(arguments.raw.as_deref())?, Vec::new());
    for (name, title, long) in chosen {
        println!("### {name} {title}\n");
        let mut taken = Taken::default();
        let count = if long { 1 } else { arguments.runs };
        match taken.take(&bench, name, count, baseline.as_ref(), (&store, &mut raw)).await {
            Ok(()) => println!("{}", report::table(&taken.own, &taken.baseline)),
            Err(error) => {
                println!("no figures: {error:#}\n");
                failed.push(name);
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("no figures of {}", failed.join(", ")) }
}

fn chosen(asked: &[String]) -> Result<Vec<(&'static str, &'static str, bool)>> {
    if asked.iter().any(|name| name == "all") {
        return Ok(SCENARIOS.to_vec());
    }
    let find = |name: &String| SCENARIOS.iter().find(|scenario| scenario.0.eq_ignore_ascii_case(name)).copied();
    asked.iter().map(|name| find(name).with_context(|| format!("no scenario \"{name}\""))).collect()
}

/// The runs of a scenario.
#[derive(Default)]
struct Taken {
    own: Vec<Figures>,
    baseline: Vec<Measured>,
}

impl Taken {
    /// Takes so many, in turns with the baseline's.
    async fn take<S: Stores>(
        &mut self,
        bench: &Bench<S>,
        name: &str,
        count: usize,
        baseline: Option<&Baseline>,
        (store, raw): (&str, &mut Raw),
    ) -> Result<()> {
        for nth in 0..count.max(1) {
            let figures = once(bench, name).await?;
            raw.add(store, name, nth, &figures)?;
            self.own.push(figures);
            if let Some(baseline) = baseline {
                self.baseline.push(baseline.once(name)?);
            }
        }
        Ok(())
    }
}

async fn once<S: Stores>(bench: &Bench<S>, name: &str) -> Result<Figures> {
    match name {
        "calls" => calls::run(bench).await,
        "PB-1" => pb01_single::run(bench).await,
        "PB-2" => pb02_batched::run(bench).await,
        "PB-3" => pb03_submit::run(bench).await,
        "PB-4" => pb04_chains::run(bench).await,
        "PB-5" => pb05_hop::run(bench).await,
        "PB-6" => pb06_fan_in::run(bench).await,
        "PB-7" => pb07_quorum::run(bench).await,
        "PB-9" => pb09_routed::run(bench).await,
        "PB-10" => pb10_empty::run(bench).await,
        "PB-11" => pb11_size::run(bench).await,
        "PB-12" => pb12_steady::run(bench).await,
        "PB-13" => pb13_timers::run(bench).await,
        "PB-14" => pb14_renewals::run(bench).await,
        "PB-15" => pb15_deep_lane::run(bench).await,
        "PB-16" => pb16_recovery::run(bench).await,
        _ => bail!("no scenario \"{name}\""),
    }
}

/// What scenarios have in common.
pub struct Bench<S> {
    pub stores: S,
    pub scale: f64,
    pub minutes: f64,
}

/// The store of a place.
pub type StoreOf<S> = <<S as Stores>::Place as Place>::Store;

impl<S: Stores> Bench<S> {
    /// An empty place with a node on it.
    pub async fn node(&self) -> Result<Node<S::Place>> {
        let place = self.stores.place().await?;
        let tasks = self.open(&place, "bench").await?;
        Ok(Node { place, tasks })
    }

    /// One more node of a place.
    pub async fn open(&self, place: &S::Place, name: &str) -> Result<Tasks<StoreOf<S>>> {
        let settings = Settings { node: name.to_owned(), ..Settings::default() };
        Ok(Tasks::open(place.open(name).await?, settings, World::real()).await?)
    }

    /// A size that is large when it is full.
    pub fn scaled(&self, full: usize) -> usize {
        ((full as f64 * self.scale) as usize).max(1)
    }

    /// What is demanded of a store within this process, where its processor time is this process's.
    pub fn embedded(&self, target: Target) -> Option<Target> {
        (S::Place::KIND == Kind::Sqlite).then_some(target)
    }

    /// What is demanded of this store; of the in-memory store nothing is.
    pub fn target(&self, postgres: Target, sqlite: Target) -> Option<Target> {
        match S::Place::KIND {
            Kind::Postgres => Some(postgres),
            Kind::Sqlite => Some(sqlite),
            Kind::Memory => None,
        }
    }
}

/// An engine node on a place of its own.
pub struct Node<P: Place> {
    pub tasks: Tasks<P::Store>,
    pub place: P,
}

impl<P: Place> Node<P> {
    pub fn counts(&self) -> Counts {
        P::counts(self.tasks.store())
    }

    /// What the store needed for each of some operations since `before`.
    pub fn cost(&self, figures: &mut Figures, before: Counts, operations: usize) {
        for (name, value) in self.counts().since(before, operations) {
            value.into_iter().for_each(|value| figures.add(name, "", value, None));
        }
    }

    /// What it takes on the disk.
    pub fn size(&self, figures: &mut Figures) -> Result<()> {
        let bytes = self.place.bytes()?;
        bytes.into_iter().for_each(|bytes| figures.add("size of the store", "MiB", bytes as f64 / f64::from(1 << 20), None));
        Ok(())
    }

    /// Checks how many executions are in a state, as the store itself counts them.
    pub async fn expect(&self, state: PublicState, count: usize) -> Result<()> {
        let filter = ExecutionFilter { states: vec![state], ..ExecutionFilter::default() };
        let (mut found, mut after) = (0, None);
        loop {
            let page = self.tasks.store().read(Query::Executions(filter.clone(), after, EXPECTED_PAGE)).await?;
            found += page.rows.executions.len();
            after = page.next;
            // More than expected is wrong, however many more.
            if after.is_none() || found > count {
                break;
            }
        }
        ensure!(found == count, "{found} executions are {}, not {count}", state.word());
        Ok(())
    }

    pub async fn close(self) -> Result<()> {
        Ok(self.tasks.close(CLOSE_LIMIT).await?)
    }
}
