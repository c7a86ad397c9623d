-- The highest bid of every ten seconds.
SELECT b.auction, b.price, b.bidder, b.ts, b.extra
FROM bid b
JOIN (
    SELECT MAX(price) AS maxprice, window_end AS ts
    FROM TUMBLE(bid, ts, INTERVAL '10' SECOND)
    GROUP BY window_start, window_end
) b1
ON b.price = b1.maxprice
WHERE b.ts BETWEEN b1.ts - INTERVAL '10' SECOND AND b1.ts
