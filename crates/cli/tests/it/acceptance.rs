//! A script of sources, two views on top of each other, a join and a file sink gives the rows that a batch engine gives over the same
//! files, however many shards there are and however the input is split.

use std::collections::BTreeMap;

use crate::support::{Place, sample, sorted};

const SHARDS: [&str; 3] = ["1", "2", "4"];
const BATCH_ROWS: [&str; 3] = ["1", "7", "8192"];

fn sources() -> String {
    format!(
        "CREATE SOURCE bids (auction BIGINT, bidder BIGINT, price BIGINT, ts TIMESTAMP, WATERMARK FOR ts)
         WITH (connector = 'file', path = '{}');
         CREATE SOURCE auctions (id BIGINT, category BIGINT, reserve BIGINT) WITH (connector = 'file', path = '{}');",
        sample("bid.csv"),
        sample("auction.csv")
    )
}

/// Two views, a join above them and a file that gets every change of it.
const CASCADE: &str = "
    CREATE MATERIALIZED VIEW highest AS SELECT auction, max(price) AS price, count(*) AS bids FROM bids GROUP BY auction;
    CREATE MATERIALIZED VIEW busy AS SELECT auction, price, bids FROM highest WHERE bids > 3;
    CREATE SINK sold AS
    SELECT b.auction, a.category, b.price, b.bids FROM busy AS b JOIN auctions AS a ON a.id = b.auction WHERE b.price >= a.reserve
    ENVELOPE DIFF
    WITH (connector = 'file', path = 'sold.csv', format = 'csv');
    SELECT auction, price, bids FROM busy ORDER BY auction;";

fn batch(place: &Place, sql: &str) -> String {
    place.levada(&["sql", "--format", "csv", "-c", sql]).well()
}

/// What a file of changes comes to: each row with the sum of its weights.
fn integrated(changes: &str) -> BTreeMap<String, i64> {
    let mut rows = BTreeMap::new();
    for line in changes.lines().skip(1) {
        let mut parts = line.splitn(3, ',');
        let (_, weight, row) = (parts.next(), parts.next().expect("a weight"), parts.next().expect("a row"));
        *rows.entry(row.to_owned()).or_insert(0) += weight.parse::<i64>().expect("a weight is a number");
    }
    rows.retain(|_, weight| *weight != 0);
    rows
}

#[test]
fn views_a_join_and_a_file_agree_with_batch_for_all_shards_and_splits() {
    let place = Place::new();
    let (bids, auctions) = (sample("bid.csv"), sample("auction.csv"));
    let busy =
        format!("SELECT auction, max(price) AS price, count(*) AS bids FROM '{bids}' GROUP BY auction HAVING count(*) > 3");
    let view = batch(&place, &format!("{busy} ORDER BY auction"));
    let joined = batch(
        &place,
        &format!(
            "SELECT b.auction, a.category, b.price, b.bids FROM ({busy}) AS b JOIN '{auctions}' AS a ON a.id = b.auction \
             WHERE b.price >= a.reserve"
        ),
    );
    let expected: BTreeMap<String, i64> = joined.lines().skip(1).map(|row| (row.to_owned(), 1)).collect();
    assert!(view.lines().count() > 100 && expected.len() > 100, "the sample has rows to compare");
    for shards in SHARDS {
        for rows in BATCH_ROWS {
            let split = [format!("shards={shards}"), format!("source_rows_max={rows}"), format!("epoch_rows_max={rows}")];
            let set: Vec<&str> = split.iter().flat_map(|setting| ["--set", setting]).chain(["--format", "csv"]).collect();
            let out = place.run(&(sources() + CASCADE), &set).well();
            assert_eq!(out, view, "the upper view, {split:?}");
            assert_eq!(integrated(&place.read("sold.csv")), expected, "the file, {split:?}");
        }
    }
}

#[test]
fn em_2_windows_that_closed_agree_with_batch() {
    let place = Place::new();
    let script = sources()
        + "CREATE MATERIALIZED VIEW w AS
           SELECT window_start, auction, count(*) AS bids, sum(price) AS total, min(bidder) AS first
           FROM TUMBLE(bids, ts, INTERVAL '1' MINUTE) GROUP BY window_start, window_end, auction
           EMIT ON WINDOW CLOSE;
           SELECT * FROM w;";
    let expected = batch(
        &place,
        &format!(
            "SELECT date_trunc('minute', ts) AS window_start, auction, count(*) AS bids, sum(price) AS total, min(bidder) AS first \
             FROM '{}' GROUP BY 1, 2",
            sample("bid.csv")
        ),
    );
    assert!(expected.lines().count() > 500, "the sample has windows to compare");
    for shards in SHARDS {
        let out = place
            .run(&script, &["--format", "csv", "--set", &format!("shards={shards}"), "--set", "source_rows_max=100"])
            .well();
        assert_eq!(sorted(&out), sorted(&expected), "{shards} shards");
    }
}

#[test]
fn the_same_rows_come_from_csv_json_and_parquet() {
    let place = Place::new();
    let write = |format: &str| {
        format!(
            "CREATE SINK to_{format} AS SELECT auction, price, channel, ts FROM bids
             WITH (connector = 'file', path = 'bids.{format}', format = '{}');",
            if format == "jsonl" { "json" } else { format }
        )
    };
    let source = format!(
        "CREATE SOURCE bids (auction BIGINT, price BIGINT, channel TEXT, ts TIMESTAMP) WITH (connector = 'file', path = '{}');",
        sample("bid.csv")
    );
    place.run(&(source + &write("csv") + &write("jsonl") + &write("parquet") + &write("arrow")), &[]).well();
    let answer = |file: &str| {
        batch(
            &place,
            &format!("SELECT auction, channel, max(price) AS p, min(ts) AS t FROM '{file}' GROUP BY 1, 2 ORDER BY 1, 2"),
        )
    };
    let expected = answer(&sample("bid.csv"));
    assert!(expected.lines().count() > 1_000, "the sample has groups to compare");
    for file in ["bids.csv", "bids.jsonl", "bids.parquet", "bids.arrow"] {
        assert_eq!(answer(file), expected, "{file}");
    }
}
