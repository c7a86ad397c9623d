-- Two views on top of each other, a join and a file: what each auction category brings in, by the state the bidder lives in.
--
--   cargo run --release --bin levada -- run examples/join.sql
--   cargo run --release --bin levada -- sql -c "SELECT * FROM 'examples/out/winners.csv' LIMIT 5"

CREATE SOURCE bids (auction BIGINT, bidder BIGINT, price BIGINT, ts TIMESTAMP)
WITH (connector = 'file', path = 'examples/nexmark/bid.csv');

CREATE SOURCE auctions (id BIGINT, item_name TEXT, category BIGINT, reserve BIGINT)
WITH (connector = 'file', path = 'examples/nexmark/auction.csv');

CREATE SOURCE persons (id BIGINT, name TEXT, city TEXT, state TEXT)
WITH (connector = 'file', path = 'examples/nexmark/person.csv');

-- The highest bid of every auction …
CREATE MATERIALIZED VIEW highest AS
SELECT auction, max(price) AS price, count(*) AS bids
FROM bids
GROUP BY auction;

-- … and, of those, the ones that met the reserve, with who made them.
CREATE MATERIALIZED VIEW winners AS
SELECT a.id AS auction, a.category, h.price, h.bids, p.name, p.state
FROM highest AS h
JOIN auctions AS a ON a.id = h.auction
JOIN bids AS b ON b.auction = h.auction AND b.price = h.price
JOIN persons AS p ON p.id = b.bidder
WHERE h.price >= a.reserve;

-- The file has one line a change; with the key of the rows, a reader can keep the newest.
CREATE SINK winners_file FROM winners
WITH (connector = 'file', path = 'examples/out/winners.csv', format = 'csv')
ENVELOPE DIFF;

SELECT category, count(*) AS sold, max(price) / 100 AS highest_dollars, CAST(avg(bids) AS DECIMAL(10, 1)) AS bids_an_auction
FROM winners
GROUP BY category
ORDER BY category;
