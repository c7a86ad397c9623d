-- Rows from the built-in generator: orders, their totals by customer as they change, and what is left of them in the end.
--
--   cargo run --release --bin levada -- run examples/generator.sql
--
-- Without "rows_max" the generator never ends and the script runs until Ctrl-C. "rows_per_second" slows it down.

CREATE SOURCE orders (
    id       BIGINT,
    customer BIGINT,
    amount   BIGINT,
    at       TIMESTAMP,
    WATERMARK FOR at
) WITH (
    connector = 'generator', rows_max = 100000, seed = 7,
    'fields.customer.kind' = 'random', 'fields.customer.min' = 1, 'fields.customer.max' = 5,
    'fields.amount.kind' = 'random', 'fields.amount.min' = 1, 'fields.amount.max' = 100,
    'fields.at.start' = '2026-01-01 00:00:00', 'fields.at.step' = '10 ms'
);

CREATE MATERIALIZED VIEW totals AS
SELECT customer, count(*) AS orders, sum(amount) AS total, max(amount) AS largest
FROM orders
GROUP BY customer;

-- Revenue of five minutes, every five minutes of event time.
CREATE MATERIALIZED VIEW revenue AS
SELECT window_start, window_end, count(*) AS orders, sum(amount) AS total
FROM TUMBLE(orders, at, INTERVAL '5' MINUTE)
GROUP BY window_start, window_end
EMIT ON WINDOW CLOSE;

-- Every change of a view, with the epoch it happened in and its weight: +1 comes, -1 goes.
SUBSCRIBE (SELECT window_end, orders, total FROM revenue);

SELECT * FROM totals ORDER BY total DESC;
