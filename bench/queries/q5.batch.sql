-- Each bid is in the five windows that begin at most ten seconds before it.
WITH hops (age) AS (
    VALUES (INTERVAL '0' SECOND), (INTERVAL '2' SECOND), (INTERVAL '4' SECOND), (INTERVAL '6' SECOND), (INTERVAL '8' SECOND)
),
counts AS (
    SELECT auction, count(*) AS num, starttime
    FROM (SELECT auction, date_bin(INTERVAL '2' SECOND, ts) - age AS starttime FROM bid CROSS JOIN hops)
    GROUP BY auction, starttime
)
SELECT auction, num, starttime, starttime + INTERVAL '10' SECOND AS endtime
FROM (SELECT *, max(num) OVER (PARTITION BY starttime) AS maxn FROM counts)
WHERE num = maxn
