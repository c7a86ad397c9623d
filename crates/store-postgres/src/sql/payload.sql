SELECT {execution e} FROM execution e WHERE e.id = $id
UNION ALL SELECT {execution_input i} FROM execution_input i WHERE i.execution_id = $id
UNION ALL SELECT {execution_result r} FROM execution_result r WHERE r.execution_id = $id
UNION ALL SELECT {execution_pin p} FROM execution_pin p WHERE p.execution_id = $id
UNION ALL SELECT {execution_result r} FROM execution_pin p
    JOIN execution_result r ON r.execution_id = p.upstream AND r.generation = p.generation WHERE p.execution_id = $id
