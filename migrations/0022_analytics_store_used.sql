-- Whether there has ever been a store of analytics: then what has to go from it, and what was taken back, waits for it, however long it is away and
-- whoever has no setting for it.

-- migrate:allow the table has one row
-- migrate:up
ALTER TABLE analytics_gap ADD COLUMN is_used boolean NOT NULL DEFAULT false;
UPDATE analytics_gap SET is_used = EXISTS (SELECT FROM ledger LIMIT 1);

-- migrate:down
ALTER TABLE analytics_gap DROP COLUMN is_used;
