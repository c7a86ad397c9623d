SELECT b.auction, b.price, b.bidder, b.ts, b.extra
FROM bid b
JOIN (
    SELECT MAX(price) AS maxprice, date_bin(INTERVAL '10' SECOND, ts) + INTERVAL '10' SECOND AS ts
    FROM bid
    GROUP BY date_bin(INTERVAL '10' SECOND, ts)
) b1
ON b.price = b1.maxprice
WHERE b.ts BETWEEN b1.ts - INTERVAL '10' SECOND AND b1.ts
