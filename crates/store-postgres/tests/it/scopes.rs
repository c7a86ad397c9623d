//! One of every scope and query on a random state.

use levada_store::rows::Row as _;
use levada_store::{
    Awaiting, BuildingScope, ClaimScope, Cursor, DueKind, ExecutionFilter, ExecutionId, Filter, Query, RunFilter, RunId, Scope,
    State, Store, Token,
};
use levada_store_postgres::PostgresStore;

fn scopes(state: &State) -> Vec<Scope> {
    let execution = *state.executions.keys().next().unwrap();
    let run = *state.runs.keys().next().unwrap();
    let claim = ClaimScope {
        lanes: vec!["bulk".to_owned(), "mail".to_owned()],
        namespaces: Some(vec!["alpha".to_owned()]),
        capabilities: vec!["gpu".to_owned()],
        limit: 5,
        instance: "i".to_owned(),
        token: Token(1),
    };
    let (namespace, key) = state.request_keys.values().next().unwrap().key();
    let building = BuildingScope {
        run,
        executions: vec![execution],
        names: vec!["member 1".to_owned()],
        conditions: vec!["c".to_owned()],
        reach: Some(execution),
    };
    let mut scopes = vec![
        Scope::Executions(vec![execution]),
        Scope::Handles(vec![(execution, 1)]),
        Scope::WholeRun(run),
        Scope::OpenMembers { run, active: true, finalizers: true, limit: 10 },
        Scope::Building(building),
        Scope::Marks(run),
        Scope::Group(execution),
        Scope::Claim(claim),
        Scope::Key(namespace, key),
        Scope::Tags(execution),
        Scope::Condition(run, "c".to_owned()),
        Scope::Schedule(*state.schedules.keys().next().unwrap()),
        Scope::Worker("w".to_owned()),
        Scope::EngineNodes,
        Scope::Lanes(vec!["mail".to_owned()]),
    ];
    scopes.extend(DueKind::ALL.iter().map(|kind| Scope::Due(*kind, 10.into())));
    scopes
}

/// Every scope in a transaction that writes, every kind of command, every read.
pub async fn look_at_everything(store: &PostgresStore, state: &State) {
    for scope in scopes(state) {
        store.transact(scope, |_: &State| Ok((Vec::new(), ()))).await.unwrap();
    }
    for kind in DueKind::ALL {
        store.next_due(*kind).await.unwrap();
    }
    let execution = *state.executions.keys().next().unwrap();
    let tag = Some(("team".to_owned(), "x".to_owned()));
    let executions = ExecutionFilter { namespace: Some("alpha".to_owned()), tag: tag.clone(), ..ExecutionFilter::default() };
    let queries = [
        Query::Payload(execution),
        Query::Attempts(execution),
        Query::Executions(executions, None, 10),
        Query::Runs(RunFilter::default(), None, 10),
        Query::PendingCancels { namespaces: None, older_than_ms: 0, limit: 10 },
        Query::MarkedRuns(10.into()),
        Query::BacklogRuns(10.into()),
        Query::AwaitedEnds(10.into(), Awaiting::All),
        Query::AwaitedEnds(10.into(), Awaiting::Of { upstreams: vec![1], runs: vec![RunId(1)] }),
        Query::ReadyRoutes(10),
        Query::Counts,
        Query::Edges { run: *state.runs.keys().next().unwrap(), after: None, limit: 10 },
    ];
    for query in queries {
        store.read(query).await.unwrap();
    }
    store.events(Cursor::default(), &Filter { tag, ..Filter::default() }, 10).await.unwrap();
    remove(store, execution).await;
}

async fn remove(store: &PostgresStore, execution: ExecutionId) {
    let run = levada_store::RunId(execution.0);
    let commands = vec![levada_store::Command::DeleteExecution(execution), levada_store::Command::DeleteRun(run)];
    store.transact(Scope::All(Vec::new()), move |_: &State| Ok((commands.clone(), ()))).await.unwrap();
}
