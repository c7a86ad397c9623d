SELECT {schedule_fire f} FROM schedule s CROSS JOIN LATERAL (
    SELECT * FROM schedule_fire WHERE schedule_id = s.id ORDER BY nominal_ms DESC LIMIT 1
) f WHERE s.id = ANY($schedules)
