SELECT count(*) FROM execution
WHERE phase <> 4
  AND id IN (SELECT upstream FROM edge WHERE run_id = ?1 AND child = ?2 AND state = 1)
  AND EXISTS (
    SELECT 1 FROM edge CROSS JOIN edge_group ON edge_group.child = edge.child
    WHERE edge.upstream = execution.id AND edge.child <> ?2 AND edge_group.state = 0
  )
