SELECT {engine_node n} FROM (SELECT * FROM engine_node ORDER BY id {lock}) n
