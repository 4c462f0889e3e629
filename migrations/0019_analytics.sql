-- What analytics is told of: each result and each credit transaction is noted in the transaction that makes it, and taken from here by the one
-- daemon that sends them on. A note only names what it is about: what was erased meanwhile is not there to be sent.

-- migrate:up
ALTER TABLE job_tasks
    ADD COLUMN finished_at timestamptz,
    -- Whom providers were asked for it, each time: [[provider, outcome, milliseconds], …]. Null: nobody.
    ADD COLUMN calls jsonb;
UPDATE job_tasks t SET finished_at = coalesce(j.finished_at, j.created_at) FROM jobs j WHERE j.id = t.job_id AND t.state = 'done';

-- Of a capture that pays for what a provider has found.
ALTER TABLE ledger ADD COLUMN provider text;

CREATE TABLE analytics_outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id uuid NOT NULL,
    -- Either a row of the ledger,
    ledger_id uuid,
    -- or the result of a task.
    job_id uuid,
    seq bigint,
    -- When the result was given that a retry takes back; null where there is one to tell.
    void_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((ledger_id IS NULL) = (job_id IS NOT NULL) AND (job_id IS NULL) = (seq IS NULL))
);
-- Rows come and go by the million: what is dead in it is cleared away early.
ALTER TABLE analytics_outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000000);

-- Records and workspaces that are gone here and have to go there. Each is done twice: a daemon that has lost its turn may still have sent something.
CREATE TABLE analytics_erasures (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    workspace_id uuid NOT NULL,
    -- Null: the whole workspace.
    record_id uuid,
    due_at timestamptz NOT NULL DEFAULT now(),
    is_repetition boolean NOT NULL DEFAULT false
);
CREATE INDEX analytics_erasures_due_at_idx ON analytics_erasures (due_at, id);

-- What the store of analytics refuses for good.
CREATE TABLE analytics_dead_letters (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL,
    ledger_id uuid,
    job_id uuid,
    seq bigint,
    void_at timestamptz,
    reason text NOT NULL CHECK (length(reason) <= 500),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX analytics_dead_letters_created_at_idx ON analytics_dead_letters (created_at, id);

-- One row: since when what happened has to be read anew, because more was waiting than is kept, or nobody was there to send it, or an operator
-- wants it so; and how far that is.
CREATE TABLE analytics_gap (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    -- Null: nothing is missing.
    since timestamptz,
    changed_at timestamptz NOT NULL DEFAULT now(),
    done bigint NOT NULL DEFAULT 0,
    total bigint NOT NULL DEFAULT 0
);
-- What there was before this.
INSERT INTO analytics_gap (since)
VALUES (CASE WHEN EXISTS (SELECT FROM ledger) OR EXISTS (SELECT FROM jobs) THEN 'epoch'::timestamptz END);

-- Each time that a circuit opened.
CREATE TABLE provider_openings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider text NOT NULL CHECK (length(provider) <= 63),
    -- Whose credential it was; null for the platform's.
    workspace_id uuid REFERENCES workspaces ON DELETE CASCADE,
    opened_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX provider_openings_provider_idx ON provider_openings (provider, opened_at);
CREATE INDEX provider_openings_workspace_id_idx ON provider_openings (workspace_id, opened_at);
CREATE INDEX provider_openings_opened_at_idx ON provider_openings (opened_at);

ALTER TABLE analytics_outbox ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY append ON analytics_outbox FOR INSERT WITH CHECK (workspace_id = rpcd_workspace());
CREATE POLICY every ON analytics_outbox TO rpcd_maintenance USING (true);
ALTER TABLE analytics_erasures ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY append ON analytics_erasures FOR INSERT WITH CHECK (workspace_id = rpcd_workspace());
CREATE POLICY every ON analytics_erasures TO rpcd_maintenance USING (true);
ALTER TABLE analytics_dead_letters ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every ON analytics_dead_letters TO rpcd_maintenance USING (true);
-- What the platform's own key met is nobody's secret: whether a provider fails is shown to all.
ALTER TABLE provider_openings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON provider_openings FOR SELECT USING (workspace_id IS NULL OR workspace_id = rpcd_workspace());
CREATE POLICY every ON provider_openings TO rpcd_maintenance USING (true);

GRANT INSERT ON analytics_outbox, analytics_erasures TO rpcd_daemon;
GRANT SELECT, INSERT, UPDATE, DELETE ON analytics_outbox, analytics_erasures, analytics_dead_letters TO rpcd_maintenance;
GRANT SELECT, UPDATE ON analytics_gap TO rpcd_maintenance;
GRANT SELECT ON provider_openings TO rpcd_daemon;
GRANT SELECT, INSERT, UPDATE, DELETE ON provider_openings TO rpcd_maintenance;

-- migrate:down
DROP TABLE provider_openings;
DROP TABLE analytics_gap;
DROP TABLE analytics_dead_letters;
DROP TABLE analytics_erasures;
DROP TABLE analytics_outbox;
ALTER TABLE ledger DROP COLUMN provider;
ALTER TABLE job_tasks DROP COLUMN calls, DROP COLUMN finished_at;
