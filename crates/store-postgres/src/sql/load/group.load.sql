-- A fired group; if its siblings are to be cancelled, those that live and that no other open group needs, and how many others live.
WITH {group.ctes}, x AS MATERIALIZED (
    SELECT * FROM execution WHERE id IN (SELECT id FROM loser UNION SELECT child FROM firing)
)
{known x}
UNION ALL SELECT {cancel_pending c} FROM cancel_pending c WHERE c.child = $child
UNION ALL SELECT {edge_group g} FROM firing g
UNION ALL SELECT {seen g.child} FROM firing g
UNION ALL SELECT {run r} FROM firing g JOIN run r ON r.id = g.run_id
UNION ALL SELECT {edge e} FROM entering e
UNION ALL SELECT {spared g.child, (SELECT count(*) FROM live WHERE needed)} FROM firing g WHERE g.cancel_state = 1
