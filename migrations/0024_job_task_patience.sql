-- Since when a task waits for providers that rest, and which of them have failed for it: a question that could do harm the second time is asked once.

-- migrate:up
ALTER TABLE job_tasks
    ADD COLUMN waits_since timestamptz,
    -- {provider: whether it may be asked again}; unchecked, so that nobody waits while the table is read.
    ADD COLUMN failed jsonb;

-- migrate:down
ALTER TABLE job_tasks DROP COLUMN failed, DROP COLUMN waits_since;
