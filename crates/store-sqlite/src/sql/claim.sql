SELECT id, 0, 0, 1 FROM execution WHERE phase = 2 AND claim_token = ?1 AND instance = ?2
UNION ALL
SELECT * FROM (
    SELECT id, priority, seq, 0 FROM execution
    WHERE phase = 1 AND hold = 0 AND route_id = ?3
    ORDER BY priority DESC, seq, id
    LIMIT ?4 OFFSET ?5
)
