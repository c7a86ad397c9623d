//! A server of one's own: it runs, is stopped, comes back with its data, and leaves nothing behind.

use std::net::TcpStream;

use levada_testing_postgres::{Mode, Settings, server};
use tokio_postgres::NoTls;

#[test]
fn databases_are_apart_and_go_with_their_value() {
    let Some(server) = server(&Settings::fast()) else { return };
    let [first, second] = [server.create_database().unwrap(), server.create_database().unwrap()];
    first.sql("CREATE TABLE t (n int)").unwrap();
    let tables = "SELECT count(*) FROM information_schema.tables WHERE table_name = 't'";
    assert_eq!(first.sql(tables).unwrap(), "1");
    assert_eq!(second.sql(tables).unwrap(), "0");

    let name = first.name().to_owned();
    drop(first);
    assert_eq!(second.sql(&format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'")).unwrap(), "0");
}

#[test]
fn a_server_that_crashed_comes_back_at_its_address_with_what_was_committed() {
    let Some(mut server) = server(&Settings::fast()) else { return };
    let database = server.create_database().unwrap();
    database.sql("CREATE TABLE t AS SELECT generate_series(1, 1000) AS n").unwrap();
    let address = server.address();

    server.stop(Mode::Immediate).unwrap();
    assert!(TcpStream::connect(address).is_err());
    let error = format!("{:#}", database.sql("SELECT 1").unwrap_err());
    assert!(error.contains("the server's log ends with") && error.contains("immediate shutdown"), "{error}");

    server.start_again().unwrap();
    assert_eq!(server.address(), address);
    assert_eq!(database.sql("SELECT count(*) FROM t").unwrap(), "1000");
    for mode in [Mode::Fast, Mode::Smart] {
        server.restart(mode).unwrap();
        assert_eq!(database.sql("SELECT count(*) FROM t").unwrap(), "1000", "{mode:?}");
    }
}

#[tokio::test]
async fn terminating_backends_ends_the_connections_of_every_database() {
    let Some(mut server) = server(&Settings::fast()) else { return };
    let databases = [server.create_database().unwrap(), server.create_database().unwrap()];
    let mut clients = Vec::new();
    for database in &databases {
        let (client, connection) = tokio_postgres::connect(&database.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("SELECT 1").await.unwrap();
        clients.push(client);
    }
    assert_eq!(server.terminate_backends().unwrap(), 2);
    for client in clients {
        assert!(client.batch_execute("SELECT 1").await.is_err());
    }
    assert_eq!(server.terminate_backends().unwrap(), 0);
}

#[test]
fn settings_arrive_and_the_rest_is_stock() {
    let shown = |settings: &Settings| {
        let server = server(settings)?;
        let names = ["fsync", "synchronous_commit", "shared_buffers", "max_wal_size", "max_locks_per_transaction"];
        let database = server.create_database().unwrap();
        Some(names.map(|name| database.sql(&format!("SHOW {name}")).unwrap()))
    };
    let Some(fast) = shown(&Settings::fast().with("shared_buffers", "32MB")) else { return };
    assert_eq!(fast, ["off", "on", "32MB", "1GB", "64"]);
    assert_eq!(shown(&Settings::bench()).unwrap(), ["on", "on", "512MB", "4GB", "64"]);
}

#[test]
fn a_setting_the_server_refuses_is_shown_with_its_log() {
    if server(&Settings::fast()).is_none() {
        return;
    }
    let refused = levada_testing_postgres::Server::start(&Settings::fast().with("no_such_setting", 1)).unwrap_err();
    assert!(format!("{refused:#}").contains("no_such_setting"), "{refused:#}");
}

#[test]
fn the_end_of_the_value_is_the_end_of_the_server() {
    let Some(server) = server(&Settings::fast()) else { return };
    let database = server.create_database().unwrap();
    let directory = database.sql("SHOW data_directory").unwrap();
    let address = server.address();
    assert!(TcpStream::connect(address).is_ok());
    drop(server);
    assert!(TcpStream::connect(address).is_err());
    assert!(!std::path::Path::new(&directory).exists());
}

#[test]
fn a_replica_answers_reads_and_is_promoted_with_what_was_committed() {
    let Some(mut server) = server(&Settings::fast()) else { return };
    let database = server.create_database().unwrap();
    database.sql("CREATE TABLE t AS SELECT 1 AS n").unwrap();
    server.become_replica().unwrap();
    assert_eq!(database.sql("SELECT pg_is_in_recovery(), count(*) FROM t").unwrap(), "t|1");
    assert!(database.sql("INSERT INTO t VALUES (2)").is_err());
    server.promote().unwrap();
    database.sql("INSERT INTO t VALUES (2)").unwrap();
    server.reconfigure("default_transaction_read_only", "on").unwrap();
    assert!(database.sql("SHOW default_transaction_read_only").is_ok());
}
