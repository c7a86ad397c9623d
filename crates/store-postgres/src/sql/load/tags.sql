SELECT {tag t} FROM tag t WHERE t.owner = ANY($owners)
