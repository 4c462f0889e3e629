-- Jobs: fields that are asked of providers for records, a task for each record and field; and what providers have answered before.

-- migrate:up
CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN
        ('pending', 'running', 'paused', 'completed', 'partially_completed', 'failed', 'cancelled')),
    -- [{name, providers: […], minConfidence}]
    fields jsonb NOT NULL CHECK (jsonb_typeof(fields) = 'array'),
    keys text NOT NULL CHECK (keys IN ('own', 'platform', 'auto')),
    is_refresh boolean NOT NULL,
    priority smallint NOT NULL DEFAULT 0,
    total bigint NOT NULL CHECK (total >= 0),
    -- Tasks that are not done. Whoever takes it to nothing ends the job.
    remaining bigint NOT NULL CHECK (remaining >= 0),
    found bigint NOT NULL DEFAULT 0,
    cached bigint NOT NULL DEFAULT 0,
    not_found bigint NOT NULL DEFAULT 0,
    exhausted bigint NOT NULL DEFAULT 0,
    skipped bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0,
    estimated_credits bigint NOT NULL CHECK (estimated_credits >= 0),
    spent_credits bigint NOT NULL DEFAULT 0 CHECK (spent_credits >= 0),
    max_credits bigint CHECK (max_credits >= 0),
    -- Null where nothing can cost anything, and when what was left of it has gone back.
    hold_id uuid REFERENCES credit_holds,
    created_by text NOT NULL CHECK (length(created_by) <= 200),
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz,
    version bigint NOT NULL DEFAULT 1
);
CREATE INDEX jobs_workspace_id_idx ON jobs (workspace_id, created_at, id);
CREATE INDEX jobs_hold_id_idx ON jobs (hold_id);
-- Those that a daemon has to end.
CREATE INDEX jobs_unfinished_idx ON jobs (id) WHERE remaining = 0 AND status IN ('pending', 'running', 'paused');
CREATE INDEX jobs_unsettled_idx ON jobs (id) WHERE status = 'cancelled' AND hold_id IS NOT NULL;

-- Jobs that may run, and when each was served last: the turn goes round. Its row is what a daemon locks while it takes tasks, so that nobody
-- waits who writes results.
CREATE TABLE job_turns (
    job_id uuid PRIMARY KEY REFERENCES jobs ON DELETE CASCADE,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    priority smallint NOT NULL,
    served_at timestamptz NOT NULL DEFAULT '-infinity'
);
CREATE INDEX job_turns_workspace_id_idx ON job_turns (workspace_id, served_at);

CREATE TABLE job_tasks (
    job_id uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    seq bigint NOT NULL,
    -- The job's, by which it goes with the workspace: a row that is written three times is to have few indexes.
    workspace_id uuid NOT NULL,
    record_id uuid NOT NULL REFERENCES records ON DELETE CASCADE,
    -- Its place in the job's fields.
    field smallint NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done')),
    -- How often it was taken up: what comes of one time is not written down at another.
    takes integer NOT NULL DEFAULT 0 CHECK (takes >= 0),
    -- How often a provider was called for it, or may have been by a daemon that died.
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- How often everybody failed who was asked.
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    due_at timestamptz NOT NULL DEFAULT now(),
    -- By which daemon, and until when without a sign of it.
    leased_by uuid,
    lease_until timestamptz,
    -- What came of it.
    status text CHECK (status IN ('found', 'cached', 'not_found', 'exhausted', 'skipped', 'failed')),
    value jsonb,
    provider text,
    confidence double precision,
    cost bigint NOT NULL DEFAULT 0 CHECK (cost >= 0),
    error text CHECK (length(error) <= 500),
    PRIMARY KEY (job_id, seq),
    CHECK ((state = 'done') = (status IS NOT NULL)),
    CHECK ((state = 'running') = (leased_by IS NOT NULL))
);
CREATE INDEX job_tasks_waiting_idx ON job_tasks (job_id, due_at, seq) WHERE state = 'waiting';
CREATE INDEX job_tasks_running_idx ON job_tasks (job_id, seq) WHERE state = 'running';
CREATE INDEX job_tasks_record_id_idx ON job_tasks (record_id);

-- A record that goes takes its tasks along: the job does not wait for them.
CREATE FUNCTION job_tasks_forget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE jobs j SET remaining = j.remaining - gone.undone, skipped = j.skipped + gone.undone
    FROM (SELECT job_id, count(*) AS undone FROM old_rows WHERE state <> 'done' GROUP BY job_id) gone
    WHERE j.id = gone.job_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER job_tasks_forget AFTER DELETE ON job_tasks REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION job_tasks_forget();

-- What providers have answered, by what they were asked. It belongs to one workspace: what one has paid for, no other gets.
CREATE TABLE lookups (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    provider text NOT NULL CHECK (length(provider) <= 63),
    input_hash bytea NOT NULL CHECK (length(input_hash) = 32),
    -- Null while somebody asks. [{name, value, confidence}]; empty when nothing was found.
    answer jsonb CHECK (jsonb_typeof(answer) = 'array'),
    -- Who asks, and until when nobody else does.
    asked_by uuid,
    asked_until timestamptz,
    -- What whoever asked last would have taken for new enough: ON CONFLICT compares by it.
    fresh_after timestamptz NOT NULL,
    answered_at timestamptz,
    -- Of whom it tells: with the record it goes, too.
    record_id uuid REFERENCES records ON DELETE CASCADE,
    PRIMARY KEY (workspace_id, provider, input_hash)
);
CREATE INDEX lookups_record_id_idx ON lookups (record_id);
CREATE INDEX lookups_answered_at_idx ON lookups (answered_at);

ALTER TABLE jobs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON jobs USING (workspace_id = rpcd_workspace());
CREATE POLICY every ON jobs TO rpcd_maintenance USING (true);
ALTER TABLE job_turns ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON job_turns USING (workspace_id = rpcd_workspace());
CREATE POLICY every ON job_turns TO rpcd_maintenance USING (true);
ALTER TABLE job_tasks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON job_tasks USING (workspace_id = rpcd_workspace());
CREATE POLICY every ON job_tasks TO rpcd_maintenance USING (true);
ALTER TABLE lookups ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON lookups USING (workspace_id = rpcd_workspace());
CREATE POLICY every ON lookups TO rpcd_maintenance USING (true);

GRANT SELECT, INSERT, UPDATE ON jobs, job_tasks TO rpcd_daemon, rpcd_maintenance;
GRANT SELECT, INSERT, UPDATE, DELETE ON job_turns, lookups TO rpcd_daemon, rpcd_maintenance;

-- Credits that a job has set aside are the job's to spend.
ALTER TABLE credit_holds ADD COLUMN purpose text NOT NULL DEFAULT 'caller' CHECK (purpose IN ('caller', 'job'));

-- migrate:down
ALTER TABLE credit_holds DROP COLUMN purpose;
DROP TABLE lookups;
DROP TABLE job_tasks;
DROP FUNCTION job_tasks_forget();
DROP TABLE job_turns;
DROP TABLE jobs;
