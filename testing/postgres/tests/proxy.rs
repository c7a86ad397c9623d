//! The proxy between a real client and a real server: what it counts, what it records, and where it cuts.

use std::process::Command;
use std::time::Duration;

use levada_testing_postgres::{Counts, Database, Kind, Plan, Proxy, When, database};
use tokio::time::{Instant, timeout};
use tokio_postgres::{Client, NoTls};

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A database with an empty table "t", a proxy before it, and a client of the proxy.
async fn behind_proxy() -> Option<(Database, Proxy, Client)> {
    let database = database()?;
    let proxy = Proxy::start(database.address()).await.unwrap();
    let client = connect(&proxy.url(&database)).await;
    client.batch_execute("CREATE TABLE t (n int)").await.unwrap();
    proxy.reset();
    Some((database, proxy, client))
}

fn rows(database: &Database) -> String {
    database.sql("SELECT count(*) FROM t").unwrap()
}

#[tokio::test]
async fn psql_selects_through_the_proxy() {
    let Some(database) = database() else { return };
    let proxy = Proxy::start(database.address()).await.unwrap();
    // Without "sslmode" psql first asks for encryption, which the proxy declines.
    let url = proxy.url(&database).replace("?sslmode=disable", "");
    let run = move || Command::new("psql").args(["-X", "-A", "-t", "-c", "SELECT 40 + 2", &url]).output().unwrap();
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "42\n", "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(proxy.trace().last().unwrap().text, "SELECT 40 + 2");
}

#[tokio::test]
async fn prepared_statements_are_recorded_by_their_text() {
    let Some((database, proxy, mut client)) = behind_proxy().await else { return };
    let insert = client.prepare("INSERT INTO t VALUES ($1)").await.unwrap();
    let prepared = proxy.counts();
    assert_eq!((prepared.statements, prepared.round_trips), (0, 1), "preparing executes nothing");

    let transaction = client.transaction().await.unwrap();
    for n in [1_i32, 2] {
        transaction.execute(&insert, &[&n]).await.unwrap();
    }
    transaction.commit().await.unwrap();
    let trace = proxy.trace();
    let recorded: Vec<(&str, Kind)> = trace.iter().map(|statement| (statement.text.as_str(), statement.kind)).collect();
    let insert = ("INSERT INTO t VALUES ($1)", Kind::Work);
    let [begin, commit] = [recorded[0], recorded[3]];
    assert_eq!((begin.1, commit.1), (Kind::Begin, Kind::Commit));
    assert_eq!(recorded[1..3], [insert, insert]);
    assert_eq!(proxy.counts(), Counts { connections: 0, round_trips: 5, statements: 4, work: 2 });
    assert_eq!(rows(&database), "2");
}

#[tokio::test]
async fn cut_before_commit_nothing_happened() {
    let Some((database, proxy, mut client)) = behind_proxy().await else { return };
    proxy.set(Plan::CutBefore(When::Commit));
    let transaction = client.transaction().await.unwrap();
    transaction.execute("INSERT INTO t VALUES (1)", &[]).await.unwrap();
    assert!(transaction.commit().await.unwrap_err().is_closed());
    assert_eq!(proxy.fired(), 1);
    assert_eq!(rows(&database), "0");
    assert!(proxy.trace().iter().all(|statement| statement.kind != Kind::Commit));
}

#[tokio::test]
async fn cut_after_commit_it_happened_and_the_client_does_not_know() {
    let Some((database, proxy, mut client)) = behind_proxy().await else { return };
    proxy.set(Plan::CutAfter(When::Commit));
    let transaction = client.transaction().await.unwrap();
    transaction.execute("INSERT INTO t VALUES (1)", &[]).await.unwrap();
    assert!(transaction.commit().await.unwrap_err().is_closed());
    assert_eq!(proxy.fired(), 1);
    assert_eq!(rows(&database), "1");
}

#[tokio::test]
async fn a_cut_at_every_statement_happens_exactly_there() {
    let Some((database, proxy, _client)) = behind_proxy().await else { return };
    let (mut cuts, mut fired) = (Vec::new(), Vec::new());
    for plan in [Plan::CutBefore, Plan::CutAfter] {
        for n in 1..=4 {
            database.sql("TRUNCATE t").unwrap();
            let client = connect(&proxy.url(&database)).await;
            proxy.set(plan(When::Statement(n)));
            let mut answered = 0;
            for text in ["INSERT INTO t VALUES (1)"; 3] {
                answered += u64::from(client.execute(text, &[]).await.is_ok());
            }
            cuts.push((answered, rows(&database).parse::<u64>().unwrap()));
            fired.push(proxy.fired());
        }
    }
    // Answered to the client, and done by the server. The fourth statement never comes.
    assert_eq!(cuts, [(0, 0), (1, 1), (2, 2), (3, 3), (0, 1), (1, 2), (2, 3), (3, 3)]);
    assert_eq!(fired, [1, 1, 1, 0, 1, 1, 1, 0], "what one plan did is not counted for the next");
}

#[tokio::test]
async fn a_held_statement_comes_when_the_plan_is_replaced_and_others_go_on() {
    let Some((database, proxy, client)) = behind_proxy().await else { return };
    let other = connect(&proxy.url(&database)).await;
    proxy.set(Plan::HoldBefore(When::Statement(2)));
    let held = async {
        client.execute("INSERT INTO t VALUES (1)", &[]).await.unwrap();
        client.execute("INSERT INTO t VALUES (2)", &[]).await.unwrap();
    };
    let meanwhile = async {
        proxy.struck().await;
        other.execute("INSERT INTO t VALUES (3)", &[]).await.unwrap();
        let seen = database.sql("SELECT string_agg(n::text, ',' ORDER BY n) FROM t").unwrap();
        let fired = proxy.fired();
        proxy.set(Plan::Pass);
        (seen, fired)
    };
    let ((), seen) = tokio::join!(held, meanwhile);
    assert_eq!(seen, ("1,3".to_owned(), 1));
    assert_eq!(rows(&database), "3");
}

#[tokio::test]
async fn a_server_that_refuses_takes_no_new_client() {
    let Some((database, proxy, client)) = behind_proxy().await else { return };
    proxy.set(Plan::Refuse);
    assert!(tokio_postgres::connect(&proxy.url(&database), tokio_postgres::NoTls).await.is_err());
    assert_eq!(proxy.fired(), 1);
    client.execute("INSERT INTO t VALUES (1)", &[]).await.unwrap();
    proxy.set(Plan::Pass);
    connect(&proxy.url(&database)).await;
}

#[tokio::test]
async fn pipelined_requests_before_a_cut_are_answered_and_those_after_it_never_sent() {
    let Some((database, proxy, client)) = behind_proxy().await else { return };
    let insert = client.prepare("INSERT INTO t VALUES ($1)").await.unwrap();
    proxy.set(Plan::CutAfter(When::Statement(2)));
    let (first, second, third) = tokio::join!(
        client.execute(&insert, &[&1_i32]),
        client.execute(&insert, &[&2_i32]),
        client.execute(&insert, &[&3_i32]),
    );
    assert_eq!((first.is_ok(), second.is_ok(), third.is_ok()), (true, false, false));
    assert_eq!(database.sql("SELECT string_agg(n::text, ',' ORDER BY n) FROM t").unwrap(), "1,2");
}

#[tokio::test]
async fn a_half_open_connection_is_silent_until_the_plan_changes() {
    let Some((database, proxy, client)) = behind_proxy().await else { return };
    proxy.set(Plan::HalfOpen);
    let mut lost = Box::pin(client.execute("INSERT INTO t VALUES (1)", &[]));
    let unanswered = Duration::from_millis(100);
    assert!(timeout(unanswered, &mut lost).await.is_err(), "neither an answer nor an error");
    let mut connecting = Box::pin(connect_anew(&proxy, &database));
    assert!(timeout(unanswered, &mut connecting).await.is_err(), "nor does it greet anybody new");

    proxy.set(Plan::Pass);
    let soon = Duration::from_secs(10);
    assert!(timeout(soon, lost).await.expect("it is cut").unwrap_err().is_closed());
    assert!(timeout(soon, connecting).await.expect("it is cut").is_err());
    assert_eq!(rows(&database), "0");
    assert!(connect(&proxy.url(&database)).await.execute("INSERT INTO t VALUES (2)", &[]).await.is_ok());
}

async fn connect_anew(proxy: &Proxy, database: &Database) -> Result<(), tokio_postgres::Error> {
    tokio_postgres::connect(&proxy.url(database), NoTls).await.map(drop)
}

#[tokio::test]
async fn a_delay_holds_every_reply_back() {
    let Some((_database, proxy, client)) = behind_proxy().await else { return };
    let delay = Duration::from_millis(40);
    proxy.set(Plan::Delay(delay));
    let begun = Instant::now();
    for _ in 0..3 {
        client.batch_execute("SELECT 1").await.unwrap();
    }
    assert!(begun.elapsed() >= delay * 3);
}

#[tokio::test]
async fn connections_are_cut_on_demand_and_by_the_server() {
    let Some((database, proxy, client)) = behind_proxy().await else { return };
    proxy.cut();
    assert!(client.batch_execute("SELECT 1").await.is_err());

    let direct = connect(&database.url()).await;
    let through = connect(&proxy.url(&database)).await;
    assert_eq!(database.terminate_backends().unwrap(), 2);
    assert!(direct.batch_execute("SELECT 1").await.is_err());
    assert!(through.batch_execute("SELECT 1").await.is_err());
}

#[tokio::test]
async fn the_client_is_no_superuser_but_owns_its_database() {
    let Some((_database, _proxy, client)) = behind_proxy().await else { return };
    let row = client.query_one("SELECT rolsuper FROM pg_roles WHERE rolname = current_user", &[]).await.unwrap();
    assert!(!row.get::<_, bool>(0));
}
