-- When the ledger, the trail and analytics were verified last, as a whole, and what was found: for the operator's metrics.

-- migrate:up
CREATE TABLE verifications (
    kind text PRIMARY KEY CHECK (kind IN ('ledger', 'audit', 'analytics')),
    finished_at timestamptz NOT NULL DEFAULT now(),
    found bigint NOT NULL CHECK (found >= 0)
);
ALTER TABLE verifications ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY every ON verifications TO rpcd_maintenance USING (true);
GRANT SELECT, INSERT, UPDATE ON verifications TO rpcd_maintenance;

-- migrate:down
DROP TABLE verifications;
