-- Jobs that ended long ago go, with their tasks and results, a few at a time.

-- migrate:allow jobs are few beside their tasks, and the index is built in a moment
-- migrate:up
CREATE INDEX jobs_finished_at_idx ON jobs (finished_at) WHERE finished_at IS NOT NULL;
GRANT DELETE ON jobs, job_tasks TO rpcd_maintenance;

-- migrate:down
REVOKE DELETE ON jobs, job_tasks FROM rpcd_maintenance;
DROP INDEX jobs_finished_at_idx;
