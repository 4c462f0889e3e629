-- What happens in a workspace that somebody outside may want to hear of, written with what it tells of.

-- migrate:up
CREATE TABLE events (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    -- As `credits.low`.
    type text NOT NULL CHECK (length(type) <= 100),
    data jsonb NOT NULL CHECK (jsonb_typeof(data) = 'object'),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX events_workspace_id_idx ON events (workspace_id, created_at, id);
CREATE INDEX events_created_at_idx ON events (created_at);

ALTER TABLE events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON events USING (workspace_id = rpcd_workspace());
CREATE POLICY every ON events TO rpcd_maintenance USING (true);
GRANT SELECT, INSERT ON events TO rpcd_daemon;
-- UPDATE for the sake of FOR UPDATE SKIP LOCKED.
GRANT SELECT, INSERT, UPDATE, DELETE ON events TO rpcd_maintenance;

-- When less than one of these is available, an event tells of it, once for each time.
ALTER TABLE accounts ADD COLUMN low_balance_thresholds bigint[] NOT NULL DEFAULT '{10,100,1000}'
    CONSTRAINT accounts_low_balance_thresholds_check
    CHECK (cardinality(low_balance_thresholds) <= 10 AND 0 < ALL (low_balance_thresholds));

-- migrate:down
ALTER TABLE accounts DROP COLUMN low_balance_thresholds;
DROP TABLE events;
