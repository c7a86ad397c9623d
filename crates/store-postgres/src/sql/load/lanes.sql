SELECT {lane l} FROM (SELECT * FROM lane WHERE name = ANY($lanes) ORDER BY name {lock}) l
