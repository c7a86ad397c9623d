SELECT {schedule s} FROM (SELECT * FROM schedule WHERE id = ANY($schedules) ORDER BY id {lock}) s
