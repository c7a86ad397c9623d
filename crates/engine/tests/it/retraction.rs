//! Changes of tables on their way through views on views.

use crate::support::{database, rows, run};

#[test]
fn a_retraction_reaches_three_levels_down_through_a_left_join_and_a_max() {
    let db = database();
    run(
        &db,
        "CREATE TABLE orders (id BIGINT PRIMARY KEY, customer BIGINT, amount BIGINT);
         CREATE TABLE customers (id BIGINT PRIMARY KEY, name TEXT);
         CREATE MATERIALIZED VIEW largest AS SELECT customer, max(amount) AS amount FROM orders GROUP BY customer;
         CREATE MATERIALIZED VIEW named AS
             SELECT l.customer, c.name, l.amount FROM largest l LEFT JOIN customers c ON l.customer = c.id;
         CREATE MATERIALIZED VIEW totals AS SELECT name, sum(amount) AS total, count(*) AS n FROM named GROUP BY name;
         INSERT INTO orders VALUES (1, 7, 10), (2, 7, 30), (3, 8, 5), (4, 9, 1);
         INSERT INTO customers VALUES (7, 'ada'), (8, 'bob');",
    );
    assert_eq!(rows(&db, "SELECT * FROM totals"), ["NULL 1 1", "ada 30 1", "bob 5 1"]);

    run(&db, "UPDATE orders SET amount = 3 WHERE id = 2");
    assert_eq!(rows(&db, "SELECT * FROM totals"), ["NULL 1 1", "ada 10 1", "bob 5 1"], "the second largest takes its place");

    run(&db, "DELETE FROM customers WHERE id = 7");
    assert_eq!(rows(&db, "SELECT * FROM totals"), ["NULL 11 2", "bob 5 1"], "the row stays, its name is unknown");

    run(&db, "DELETE FROM orders WHERE customer = 7");
    assert_eq!(rows(&db, "SELECT * FROM totals"), ["NULL 1 1", "bob 5 1"]);

    run(&db, "INSERT INTO customers VALUES (9, 'bob')");
    assert_eq!(rows(&db, "SELECT * FROM totals"), ["bob 6 2"]);

    run(&db, "DELETE FROM orders");
    assert!(rows(&db, "SELECT * FROM totals").is_empty());
}

#[test]
fn a_global_aggregate_has_a_row_before_there_is_anything() {
    let db = database();
    run(&db, "CREATE TABLE t (v BIGINT); CREATE MATERIALIZED VIEW g AS SELECT count(*) AS n, sum(v) AS s FROM t");
    assert_eq!(rows(&db, "SELECT * FROM g"), ["0 NULL"]);
    run(&db, "INSERT INTO t VALUES (1), (2)");
    assert_eq!(rows(&db, "SELECT * FROM g"), ["2 3"]);
    run(&db, "DELETE FROM t");
    assert_eq!(rows(&db, "SELECT * FROM g"), ["0 NULL"]);
}

#[test]
fn equal_rows_of_a_table_without_a_key_are_deleted_together_and_counted() {
    let db = database();
    run(
        &db,
        "CREATE TABLE t (v BIGINT);
         CREATE MATERIALIZED VIEW d AS SELECT DISTINCT v FROM t;
         INSERT INTO t VALUES (1), (1), (2);",
    );
    assert_eq!(rows(&db, "SELECT v FROM t"), ["1", "1", "2"]);
    assert_eq!(rows(&db, "SELECT v FROM d"), ["1", "2"]);
    run(&db, "DELETE FROM t WHERE v = 1");
    assert_eq!(rows(&db, "SELECT v FROM d"), ["2"]);
}

#[test]
fn the_first_rows_of_a_group_move_up_when_one_leaves() {
    let db = database();
    run(
        &db,
        "CREATE TABLE bids (id BIGINT PRIMARY KEY, item BIGINT, price BIGINT);
         CREATE MATERIALIZED VIEW best AS SELECT item, id, price FROM
             (SELECT *, ROW_NUMBER() OVER (PARTITION BY item ORDER BY price DESC, id) AS place FROM bids) WHERE place <= 2;
         CREATE MATERIALIZED VIEW cheapest AS SELECT id, price FROM bids ORDER BY price, id LIMIT 1;
         INSERT INTO bids VALUES (1, 7, 10), (2, 7, 20), (3, 7, 30), (4, 8, 1);",
    );
    assert_eq!(rows(&db, "SELECT * FROM best"), ["7 2 20", "7 3 30", "8 4 1"]);
    assert_eq!(rows(&db, "SELECT * FROM cheapest"), ["4 1"]);
    run(&db, "DELETE FROM bids WHERE id IN (3, 4)");
    assert_eq!(rows(&db, "SELECT * FROM best"), ["7 1 10", "7 2 20"]);
    assert_eq!(rows(&db, "SELECT * FROM cheapest"), ["1 10"]);
}
