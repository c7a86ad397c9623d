//! How the database finds rows: every statement of the crate by an index, and in the index's order where there is one.
//!
//! Tests only. They run everything once on one row per table and ask the database how it would go about each statement.

use levada_store::value::{Kind, Table};
use levada_store::{BuildingScope, ClaimScope, Command, DueKind, ExecutionId, Moment, RunId, ScheduleId, Scope, TABLES, Token};
use rusqlite::Connection;

use crate::errors::Result;
use crate::load::{Claims, load};
use crate::migrate::{MIGRATIONS, migrate};
use crate::session::Session;
use crate::{dues, write};

/// Small tables that are read whole, when a claim finds that it does not know them or every engine node is asked for.
const READ_WHOLE: &[&str] = &["lane", "route", "engine_node"];
/// What sorts: leases have no index by time, because a renewal must not touch one; the live ones are sorted.
const SORTS: &[&str] = &["phase = 2 AND lease_until_ms"];

const ONE: u128 = 1;

/// A database with one row per table: every id and number is 1, so that all belong together.
fn database() -> Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    migrate(&mut connection, MIGRATIONS, 0)?;
    connection.execute_batch("PRAGMA ignore_check_constraints = ON")?;
    for table in TABLES {
        let columns: Vec<_> = table.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
        let values: Vec<_> = table.columns.iter().map(|column| sample(table, column.name, column.kind)).collect();
        connection.execute_batch(&format!(
            "INSERT INTO \"{}\" ({}) VALUES ({})",
            table.name,
            columns.join(", "),
            values.join(", ")
        ))?;
    }
    connection
        .execute_batch("UPDATE edge SET upstream = child; UPDATE edge_group SET state = 0, n = 2, satisfied = 0, missed = 0")?;
    Ok(connection)
}

fn sample(table: &Table, column: &str, kind: Kind) -> String {
    match (column, kind) {
        ("facts", _) => "'{}'".to_owned(),
        ("predicates", _) => "'[]'".to_owned(),
        ("hold", _) => "0".to_owned(),
        ("lane" | "lanes", _) => "'a'".to_owned(),
        ("outcome" | "decided_by" | "lease_id", _) if table.name == "execution" => "NULL".to_owned(),
        (_, Kind::Id) => format!("x'{ONE:032x}'"),
        (_, Kind::Small | Kind::Int) => "1".to_owned(),
        (_, Kind::Text) => "'a'".to_owned(),
        (_, Kind::Bytes) => "x''".to_owned(),
    }
}

fn scopes() -> Vec<Scope> {
    let (execution, run) = (ExecutionId(ONE), RunId(ONE));
    let claim = ClaimScope {
        lanes: vec!["a".to_owned()],
        namespaces: None,
        capabilities: vec!["a".to_owned()],
        limit: 5,
        instance: "b".to_owned(),
        token: Token(2),
    };
    let mut scopes = vec![
        Scope::Executions(vec![execution]),
        Scope::Handles(vec![(execution, 1)]),
        Scope::Leases(vec![(execution, 1)]),
        Scope::Run(run),
        Scope::WholeRun(run),
        Scope::OpenMembers { run, active: true, finalizers: true, limit: 5 },
        Scope::Building(BuildingScope {
            run,
            executions: vec![execution],
            names: vec!["a".to_owned()],
            conditions: vec!["a".to_owned()],
            reach: Some(execution),
        }),
        Scope::Marks(run),
        Scope::Group(execution),
        Scope::Key("a".to_owned(), "a".to_owned()),
        Scope::Claim(claim),
        Scope::Lanes(vec!["a".to_owned()]),
        Scope::Condition(run, "a".to_owned()),
        Scope::Schedule(ScheduleId(ONE)),
        Scope::Worker("a".to_owned()),
        Scope::EngineNodes,
        Scope::Tags(execution),
    ];
    scopes.extend(DueKind::ALL.iter().map(|kind| Scope::Due(*kind, 5.into())));
    scopes
}

/// Every statement that scopes, dues and removals use.
fn statements(connection: &Connection) -> Result<Vec<&'static str>> {
    let mut texts = Vec::new();
    for inline_run_max in [0, 64] {
        let session = Session::new(connection);
        let moment = Moment { now_ms: i64::MAX / 2, seq: 1, inline_run_max };
        for scope in scopes() {
            load(&session, (&scope, Claims::Alone), moment, None)?;
        }
        for kind in DueKind::ALL {
            dues::earliest(&session, *kind)?;
        }
        texts.extend(session.texts());
    }
    let session = Session::new(connection);
    let removals = [
        Command::DeleteRun(RunId(ONE)),
        Command::DeleteExecution(ExecutionId(ONE)),
        Command::ForgetEvents { before_ms: i64::MAX, span_ms: 1 },
    ];
    write::write(&session, &removals, &levada_store::State::default())?;
    texts.extend(session.texts());
    texts.sort_unstable();
    texts.dedup();
    Ok(texts)
}

/// The steps of a statement, as the database tells them.
fn steps(connection: &Connection, text: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {text}"))?;
    let unbound = statement.parameter_count();
    (1..=unbound).try_for_each(|index| statement.raw_bind_parameter(index, 1))?;
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next()? {
        steps.push(row.get(3)?);
    }
    Ok(steps)
}

fn is_one_of(text: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| text.contains(part))
}

#[test]
fn st_12_every_statement_finds_its_rows_by_an_index() -> Result<()> {
    let connection = database()?;
    let texts = statements(&connection)?;
    assert!(texts.len() > 70, "only {} statements were seen", texts.len());
    for text in texts {
        for step in steps(&connection, text)? {
            let words: Vec<_> = step.split(' ').collect();
            let small = words.first() == Some(&"SCAN") && words.get(1).is_some_and(|table| READ_WHOLE.contains(table));
            let walks = step.starts_with("SCAN") && !step.contains("INDEX");
            let of_nothing = step.contains("CONSTANT ROW")
                || step.contains("reached")
                || step.contains("SUBQUERY")
                || step.contains("(subquery");
            assert!(small || of_nothing || !walks, "{step}\nin {text}");
            let sorts = step.contains("TEMP B-TREE FOR ORDER BY") || step.contains("TEMP B-TREE FOR LAST");
            assert!(!sorts || is_one_of(text, SORTS), "{step}\nin {text}");
        }
    }
    Ok(())
}

#[test]
fn st_12_no_index_is_unused() -> Result<()> {
    let connection = database()?;
    let mut steps_of_all = Vec::new();
    for text in statements(&connection)? {
        steps_of_all.extend(steps(&connection, text)?);
    }
    // Pages of listings; what a listing asks is put together for each question.
    for text in [
        "SELECT id FROM execution WHERE (created_ms, id) > (?, ?) ORDER BY created_ms, id LIMIT 5",
        "SELECT id FROM run WHERE (created_ms, id) > (?, ?) ORDER BY created_ms, id LIMIT 5",
        "SELECT child FROM cancel_pending WHERE not_before_ms <= ? AND enqueued_ms <= ? ORDER BY enqueued_ms, child LIMIT 5",
        "SELECT id FROM run WHERE cancel_backlog = 1 ORDER BY id LIMIT 5",
        crate::query::AWAITED_ENDS.text(),
        crate::query::AWAITED_RUN.text(),
        crate::query::AWAITED_EXECUTION.text(),
        // The gauges.
        include_str!("sql/counts.sql"),
        "SELECT phase, count(*) FROM run WHERE phase <> 3 GROUP BY 1",
    ] {
        steps_of_all.extend(steps(&connection, text)?);
    }
    let mut names = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND sql NOT LIKE '%UNIQUE%'")?;
    let names: Vec<String> = names.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for name in names {
        assert!(steps_of_all.iter().any(|step| step.contains(&name)), "index \"{name}\" is used by no statement");
    }
    Ok(())
}

#[test]
fn t_031_nothing_blocks_the_head() -> Result<()> {
    let mut connection = Connection::open_in_memory()?;
    migrate(&mut connection, MIGRATIONS, 0)?;
    let fill = |count: u32, route: u32, priority: u32, hold: u32| {
        connection.execute_batch(&format!(
            "INSERT INTO execution (id, namespace, name, kind, route_id, policy_id, content_digest, phase, hold, operator_hold,
                priority, seq, fence, generation, attempt_no, retry_used, crash_used, next_cause, created_ms, since_ms, essential,
                finalizer, cancelled_by_call)
            WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count})
            SELECT randomblob(16), 'n', '', 'k', {route}, 1, 0, 1, {hold}, {hold} / 3, {priority}, n, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0
            FROM n"
        ))
    };
    // How much the database does for a claim of ten; rows that it reads count among its steps.
    let steps = || -> Result<i32> {
        let mut statement = connection.prepare(crate::load::SEARCH)?;
        let found = statement.query_map((vec![0_u8; 16], "i", 1, 10, 0), |_| Ok(()))?.count();
        assert_eq!(found, 10);
        Ok(statement.get_status(rusqlite::StatementStatus::VmStep))
    };
    fill(50, 1, 0, 0)?;
    let alone = steps()?;
    fill(10_000, 2, 9_000, 0)?;
    fill(20_000, 1, 9_000, 3)?;
    assert_eq!(steps()?, alone, "behind 10 000 that it cannot take and 20 000 that are held");
    Ok(())
}
