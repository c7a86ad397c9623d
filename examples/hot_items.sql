-- Hot items: which auctions get the most bids, minute by minute of event time.
--
--   cargo run --release --bin levada -- run examples/hot_items.sql

-- The sample is small: small epochs let its minutes close one after the other.
SET source_rows_max = 500;
SET epoch_rows_max = 500;

-- Bids from a file. Event time comes from "ts"; rows may be up to one second out of order.
CREATE SOURCE bids (
    auction BIGINT,
    bidder  BIGINT,
    price   BIGINT,
    ts      TIMESTAMP,
    WATERMARK FOR ts AS ts - INTERVAL '1' SECOND
) WITH (connector = 'file', path = 'examples/nexmark/bid.csv');

-- A tumbling window a minute. A window is final, and written, as soon as the watermark has passed its end.
CREATE MATERIALIZED VIEW minutes AS
SELECT window_end, count(*) AS bids, count(DISTINCT bidder) AS bidders, max(price) / 100 AS highest_dollars
FROM TUMBLE(bids, ts, INTERVAL '1' MINUTE)
GROUP BY window_start, window_end
EMIT ON WINDOW CLOSE;

-- Each minute goes to the standard output as it closes, while the file is still being read.
CREATE SINK ticker FROM minutes WITH (connector = 'stdout', format = 'json');

-- A view over a windowed count: the three busiest auctions of every minute, kept up to date bid by bid.
CREATE MATERIALIZED VIEW hot_items AS
SELECT window_end, place, auction, bids
FROM (
    SELECT window_end, auction, bids,
           ROW_NUMBER() OVER (PARTITION BY window_end ORDER BY bids DESC, auction) AS place
    FROM (
        SELECT window_end, auction, count(*) AS bids
        FROM TUMBLE(bids, ts, INTERVAL '1' MINUTE)
        GROUP BY window_start, window_end, auction
    ) AS counted
) AS ranked
WHERE place <= 3;

-- A SELECT waits until the file has been read, then answers once.
SELECT CAST(window_end AS TIME) AS minute, place, auction, bids, repeat('▇', bids / 15) AS " "
FROM hot_items
ORDER BY window_end, place;
