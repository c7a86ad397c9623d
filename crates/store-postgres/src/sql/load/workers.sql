SELECT {worker w} FROM (SELECT * FROM worker WHERE instance = ANY($instances) ORDER BY instance {lock}) w
