-- Makes the sample data beside this file again, byte for byte: the built-in Nexmark generator with seed 42.
--
--   cargo run --release --bin levada -- run examples/nexmark/make.sql

CREATE SOURCE bid_events WITH (connector = 'nexmark', table = 'bid', events = 10000, event_rate = 20, seed = 42);
CREATE SOURCE auction_events WITH (connector = 'nexmark', table = 'auction', events = 10000, event_rate = 20, seed = 42);
CREATE SOURCE person_events WITH (connector = 'nexmark', table = 'person', events = 10000, event_rate = 20, seed = 42);

CREATE SINK bids AS
SELECT seq, auction, bidder, price, channel, url, ts FROM bid_events
WITH (connector = 'file', path = 'examples/nexmark/bid.csv', format = 'csv');

CREATE SINK auctions AS
SELECT seq, id, item_name, initial_bid, reserve, ts, expires, seller, category FROM auction_events
WITH (connector = 'file', path = 'examples/nexmark/auction.csv', format = 'csv');

CREATE SINK persons AS
SELECT seq, id, name, email, city, state, ts FROM person_events
WITH (connector = 'file', path = 'examples/nexmark/person.csv', format = 'csv');
