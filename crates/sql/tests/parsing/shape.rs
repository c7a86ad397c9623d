//! That what was typed ends up in the right field.

use levada_base::Position;
use levada_sql::*;

fn statement(text: &str) -> Statement {
    parse_one(text).unwrap_or_else(|error| panic!("{text}\n{error:?}")).statement
}

macro_rules! parsed {
    ($variant:path, $text:expr) => {
        match statement($text) {
            $variant(value) => value,
            other => panic!("not {other:?}"),
        }
    };
}

fn names(idents: &[Ident]) -> Vec<&str> {
    idents.iter().map(|ident| ident.name.as_str()).collect()
}

#[test]
fn names_fold_and_keep_their_place() {
    let drop = parsed!(Statement::Drop, "DROP TABLE IF EXISTS App.Orders, \"My Table\"");
    assert!(drop.if_exists);
    let parts = |name: &Name| (name.schema.clone(), name.name.clone(), name.position);
    let place = |column, length| Position::new(1, column).covering(length);
    assert_eq!(parts(&drop.names[0]), (Some("app".into()), "orders".into(), place(22, 10)));
    assert_eq!(parts(&drop.names[1]), (None, "My Table".into(), place(34, 10)));
    assert_eq!((drop.kind, drop.dependants), (ObjectKind::Table, Dependants::Restrict));
}

#[test]
fn the_three_spellings_of_a_computed_column_are_one() {
    let source = parsed!(
        Statement::CreateSource,
        "CREATE SOURCE s (x INT, a AS x + 1, b INT AS (x + 1), c INT GENERATED ALWAYS AS (x + 1) STORED)"
    );
    let values: Vec<_> = source.columns[1..].iter().map(|column| &column.value).collect();
    assert!(matches!(values[0], ColumnValue::Generated(expr) if expr.to_string() == "x + 1"));
    assert_eq!((values[0], values[0]), (values[1], values[2]));
    assert_eq!(source.columns[1].data_type, None);
}

#[test]
fn source_clauses() {
    let source = parsed!(
        Statement::CreateSource,
        "CREATE SOURCE s (id INT NOT NULL, ts TIMESTAMP, k TEXT METADATA FROM 'key', PRIMARY KEY (id), \
         WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) APPEND ONLY FROM kafka (Topic.Name = 'x', \"Raw\" = 3) \
         WITH (idle_timeout = INTERVAL '60' SECONDS) FORMAT json ENCODE plain (strict = true) ENVELOPE UPSERT (KEY (id))"
    );
    assert!(source.append_only && source.columns[0].not_null);
    assert_eq!(names(&source.primary_key), ["id"]);
    let watermark = source.watermark.expect("a watermark");
    assert_eq!(watermark.column.name, "ts");
    assert_eq!(watermark.expr.expect("an expression").to_string(), "ts - INTERVAL '5' SECOND");
    let options: Vec<String> = source.options.iter().map(OptionItem::to_string).collect();
    assert_eq!(options, ["connector = 'kafka'", "topic.name = 'x'", "'Raw' = 3", "idle_timeout = '60 seconds'"]);
    assert_eq!(source.options[1].key_position.length, 10);
    let format = source.format.expect("a format");
    assert_eq!((format.name.name.as_str(), format.encode.expect("an encoding").name.as_str()), ("json", "plain"));
    assert_eq!(format.options[0].value, OptionValue::Bool(true));
    assert!(matches!(&source.envelope.expect("an envelope").value, Envelope::Upsert { key } if names(key) == ["id"]));
}

#[test]
fn table_clauses() {
    let table = parsed!(
        Statement::CreateTable,
        "CREATE TABLE t (a INT PRIMARY KEY, b INT DEFAULT 3) WITH (x = on) ON CONFLICT DO UPDATE FULL APPEND ONLY"
    );
    assert_eq!(names(&table.primary_key), ["a"]);
    assert!(matches!(&table.columns[1].value, ColumnValue::Default(expr) if expr.to_string() == "3"));
    assert_eq!(table.on_conflict.expect("a policy").value, TableConflict::DoUpdateFull);
    assert_eq!(table.options[0].value, OptionValue::Word("on".into()));
    let copy = parsed!(Statement::CreateTable, "CREATE TABLE t AS SELECT 1");
    assert_eq!(copy.as_query.expect("a query").text, "SELECT 1");
}

#[test]
fn continuous_queries() {
    let text = "CREATE MATERIALIZED VIEW v (x) AS SELECT a FROM t\nEMIT ON WINDOW CLOSE ALLOWED LATENESS '5 s' LATE DATA TO app.late \
                WITH (a = 1) BACKGROUND";
    let view = parsed!(Statement::CreateMaterializedView, text);
    assert_eq!((names(&view.columns), view.background, view.options.len()), (vec!["x"], true, 1));
    let query = view.query;
    assert_eq!((query.text.as_str(), query.position), ("SELECT a FROM t", Position::new(1, 35).covering(15)));
    let emit = query.emit.expect("an emission");
    assert_eq!((emit.value, emit.position), (Emit::OnWindowClose, Position::new(2, 1).covering(20)));
    assert_eq!(query.lateness.expect("a lateness").to_string(), "'5 s'");
    assert_eq!(query.late_data_to.expect("a table").to_string(), "app.late");
    let option = parsed!(Statement::CreateStream, "CREATE STREAM v WITH (allowed_lateness = '5 s', x = 1) AS SELECT 1");
    assert_eq!((option.query.lateness.expect("a lateness").to_string(), option.options.len()), ("'5 s'".into(), 1));
}

#[test]
fn spellings_of_emit() {
    let cases = [
        ("EMIT CHANGES", Emit::Changes),
        ("EMIT ON UPDATE", Emit::Changes),
        ("EMIT ON WINDOW CLOSE", Emit::OnWindowClose),
        ("EMIT AFTER WATERMARK", Emit::OnWindowClose),
        ("EMIT ON WATERMARK", Emit::OnWindowClose),
        ("EMIT FINAL", Emit::Final),
    ];
    for (words, emit) in cases {
        for query in
            ["SELECT a FROM t", "SELECT 1", "SELECT a FROM t x WHERE a > 1", "SELECT a FROM t GROUP BY a LIMIT 5", "VALUES (1)"]
        {
            let stream = parsed!(Statement::CreateStream, &format!("CREATE STREAM s AS {query} {words}"));
            assert_eq!((stream.query.emit.map(|emit| emit.value), stream.query.text.as_str()), (Some(emit), query));
        }
    }
}

#[test]
fn sinks_from_a_query_are_the_same_in_both_spellings() {
    let spelled = |text| parsed!(Statement::CreateSink, text);
    let from = spelled("CREATE SINK k FROM (SELECT a FROM t EMIT FINAL) INTO file (path = 'x') KEY (a)");
    let with = spelled("CREATE SINK k WITH (connector = 'file', path = 'x') KEY (a) AS SELECT a FROM t EMIT FINAL");
    assert_eq!(from, with);
    assert!(from.key.expect("a key").enforced);
    let relation = spelled("CREATE SINK k FROM v WHERE a > 1 WITH (connector = 'stdout')");
    assert!(matches!(relation.input, SinkInput::Relation { filter: Some(filter), .. } if filter.to_string() == "a > 1"));
}

#[test]
fn data_statements() {
    let insert = parsed!(Statement::Insert, "INSERT INTO t (a, b) VALUES (1, 2) ON CONFLICT (a) DO NOTHING RETURNING a");
    assert_eq!((names(&insert.columns), insert.returning.len()), (vec!["a", "b"], 1));
    assert!(matches!(insert.source, InsertSource::Values(_)));
    assert_eq!(insert.on_conflict.expect("a policy").action, ConflictAction::DoNothing);
    let select = parsed!(Statement::Insert, "INSERT INTO t (SELECT a FROM u)");
    assert!(matches!(select.source, InsertSource::Query(_)) && select.columns.is_empty());
    let update = parsed!(Statement::Update, "UPDATE t x SET a = 1, b = x.c FROM u, w WHERE x.id = u.id");
    assert_eq!((update.assignments.len(), update.from.len()), (2, 2));
    assert_eq!(update.assignments[1].value.to_string(), "x.c");
    assert_eq!(update.alias.expect("an alias").name, "x");
    let delete = parsed!(Statement::Delete, "DELETE FROM t USING u WHERE t.id = u.id");
    assert_eq!((delete.using.len(), delete.filter.expect("a filter").to_string()), (1, "t.id = u.id".into()));
}

#[test]
fn subscriptions() {
    let all = parsed!(
        Statement::Subscribe,
        "SUBSCRIBE v WITH (snapshot = off, progress = true, buffer = '1 MiB') ENVELOPE CHANGES AS OF EPOCH 7 UP TO EPOCH 9"
    );
    assert_eq!((all.snapshot.map(|at| at.value), all.progress.map(|at| at.value)), (Some(false), Some(true)));
    assert_eq!(all.buffer_bytes.map(|at| at.value), Some(1 << 20));
    assert_eq!((all.as_of.map(|at| at.value), all.up_to.map(|at| at.value)), (Some(7), Some(9)));
    let query = parsed!(Statement::Subscribe, "SUBSCRIBE (SELECT 1) WHERE a > 1");
    assert!(matches!(query.input, SubscribeInput::Query(_)) && query.filter.is_some());
}

#[test]
fn inspection_and_settings() {
    let show = parsed!(Statement::Show, "SHOW MATERIALIZED VIEWS FROM app LIKE 'a%'");
    assert_eq!(show.listing, Listing::Objects(ObjectKind::MaterializedView));
    assert_eq!(show.schema.expect("a schema").name, "app");
    assert!(matches!(show.filter, Some(ShowFilter::Like(pattern)) if pattern.value == "a%"));
    let explain = parsed!(Statement::Explain, "EXPLAIN (FORMAT JSON, VERBOSE) CREATE VIEW v AS SELECT 1");
    assert_eq!((explain.format, explain.verbose), (ExplainFormat::Json, true));
    assert!(matches!(explain.target, ExplainTarget::Statement(inner) if matches!(*inner, Statement::CreateView(_))));
    let set = parsed!(Statement::Set, "SET read_timeout = '30 s'");
    assert!(matches!(&set.value, SetValue::Value(value) if value.as_text() == "30 s"));
    let set = parsed!(Statement::Set, "SET session = 1");
    assert_eq!(set.name.name, "session");
    assert_eq!(parsed!(Statement::ShowParameter, "SHOW ALL"), Parameter::All);
}

#[test]
fn a_shell_sees_what_is_open() {
    let statements = |text| split(text).statements;
    assert_eq!(statements("SELECT ';'; -- a;\n SELECT 2 ;;"), ["SELECT ';'", "SELECT 2"]);
    for complete in ["", "  -- only a comment", "SELECT 1;", "SELECT 1; /* end; */"] {
        assert!(split(complete).is_complete(), "{complete}");
    }
    for open in ["SELECT 1", "SELECT 1; SELECT", "SELECT 'a;", "SELECT 1; /* open;", "SELECT $$ ; ", "SELECT \"a;"] {
        assert!(!split(open).is_complete(), "{open}");
    }
    assert_eq!(split("SELECT 1; SELECT 'a;").statements, ["SELECT 1"]);
}

#[test]
fn every_statement_of_a_script_has_its_own_outcome() {
    let outcomes = parse_all("SELECT 1; SELCT 2; SELECT 3; SELECT 'open");
    let codes: Vec<_> = outcomes.iter().map(|one| one.as_ref().err().map(|error| error.code().name())).collect();
    assert_eq!(codes, [None, Some("LV-S001"), None, Some("LV-S001")]);
}
