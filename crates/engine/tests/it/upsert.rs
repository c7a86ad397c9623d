//! Sources whose rows replace each other.

use std::sync::Arc;

use arrow::array::{Int64Array, StringArray};
use levada::codes;

use crate::support::{batch, database, ints, refusal, rows, run, texts};

#[test]
fn the_newest_row_of_a_key_counts_and_a_delete_takes_it_back() {
    let db = database();
    run(
        &db,
        "CREATE SOURCE prices (item BIGINT, price BIGINT, PRIMARY KEY (item)) ENVELOPE UPSERT;
         CREATE MATERIALIZED VIEW now AS SELECT item, price FROM prices;
         CREATE MATERIALIZED VIEW total AS SELECT sum(price) AS total, max(price) AS most FROM prices;",
    );
    let source = db.source("prices").unwrap();
    source.push_blocking(batch(vec![("item", ints(&[1, 2, 1])), ("price", ints(&[10, 20, 30]))])).unwrap();
    assert_eq!(rows(&db, "SELECT * FROM now"), ["1 30", "2 20"], "the last word of an epoch wins");
    assert_eq!(rows(&db, "SELECT * FROM total"), ["50 30"]);
    let gone = vec![
        ("item", ints(&[1, 3])),
        ("price", Arc::new(Int64Array::from(vec![None, Some(5)])) as _),
        ("_op", Arc::new(StringArray::from(vec![Some("delete"), None])) as _),
    ];
    source.push_blocking(batch(gone)).unwrap();
    assert_eq!(rows(&db, "SELECT * FROM now"), ["2 20", "3 5"]);
    assert_eq!(rows(&db, "SELECT * FROM total"), ["25 20"]);
    run(&db, "INSERT INTO prices VALUES (2, 7); INSERT INTO prices (item, _op) VALUES (3, 'delete')");
    assert_eq!(rows(&db, "SELECT * FROM now"), ["2 7"]);
    let word = source.push_blocking(batch(vec![("item", ints(&[1])), ("_op", texts(&["remove"]))])).unwrap_err();
    assert_eq!(word.code(), codes::LV_C040, "{word}");
    assert_eq!(rows(&db, "SELECT * FROM now"), ["2 7"], "a row that is refused changes nothing");
}

#[test]
fn a_delete_of_an_unknown_key_is_an_error_and_not_a_guess() {
    let db = database();
    run(
        &db,
        "CREATE SOURCE s (k BIGINT, v BIGINT) ENVELOPE UPSERT (KEY (k));
         CREATE MATERIALIZED VIEW m AS SELECT * FROM s;
         INSERT INTO s (k, _op) VALUES (1, 'delete')",
    );
    let error = db.query_blocking("SELECT * FROM m").unwrap_err();
    assert_eq!(error.code(), codes::LV_S710);
    assert!(error.to_string().contains("LV-S611"), "{error}");
}

#[test]
fn a_key_that_is_missing_or_doubtful_is_refused() {
    let db = database();
    assert_eq!(refusal(&db, "CREATE SOURCE s (k BIGINT, v BIGINT) ENVELOPE UPSERT"), codes::LV_S609);
    assert_eq!(refusal(&db, "CREATE SOURCE s (k BIGINT, v BIGINT, PRIMARY KEY (k)) ENVELOPE UPSERT (KEY (v))"), codes::LV_S609);
    assert_eq!(refusal(&db, "CREATE SOURCE s (k BIGINT, v BIGINT, PRIMARY KEY (k))"), codes::LV_S004);
    assert_eq!(refusal(&db, "CREATE SOURCE s (k BIGINT, v BIGINT NOT NULL) ENVELOPE UPSERT (KEY (k))"), codes::LV_S004);
    assert_eq!(refusal(&db, "CREATE SOURCE s (k BIGINT, _op TEXT) ENVELOPE UPSERT (KEY (k))"), codes::LV_S111);
    assert_eq!(refusal(&db, "CREATE SOURCE s (k BIGINT) ENVELOPE UPSERT (KEY (j))"), codes::LV_S110);
}
