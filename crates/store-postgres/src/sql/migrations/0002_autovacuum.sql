-- Every execution leaves two old rows and every attempt one. The server cleans them up when a twentieth of a table is old, instead of a
-- fifth, and does not pause so often meanwhile: what it cleans up is used again, what it does not makes the table grow.
ALTER TABLE execution SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
ALTER TABLE attempt SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000);
-- Rows of these come and go.
ALTER TABLE mark SET (autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE cancel_pending SET (autovacuum_vacuum_scale_factor = 0.05);
