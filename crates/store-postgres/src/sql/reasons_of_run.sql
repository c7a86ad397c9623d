UNION ALL SELECT {run r} FROM run r WHERE r.id = $run
UNION ALL SELECT {mark m} FROM (SELECT * FROM mark WHERE run_id = $run ORDER BY made_ms, execution_id LIMIT 1) m
UNION ALL SELECT {counted 'members'::text, public_state, count(*)} FROM execution WHERE run_id = $run AND phase <> 4 GROUP BY public_state
UNION ALL SELECT {counted 'marks'::text, NULL::text, count(*)} FROM mark WHERE run_id = $run
UNION ALL SELECT {counted 'conditions'::text, NULL::text, count(*)} FROM condition WHERE run_id = $run AND state = 0
