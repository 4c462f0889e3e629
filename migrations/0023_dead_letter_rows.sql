-- A row that is refused again is laid aside once.

-- migrate:up
-- migrate:allow only what was refused is in it, and nobody waits for it
CREATE INDEX analytics_dead_letters_row_idx ON analytics_dead_letters (workspace_id, ledger_id, job_id, seq);

-- migrate:down
DROP INDEX analytics_dead_letters_row_idx;
