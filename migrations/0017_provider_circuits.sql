-- Circuits of providers: which are left alone for a while, for all daemons of this database.

-- migrate:up
CREATE TABLE provider_circuits (
    provider text NOT NULL CHECK (provider ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    -- `platform` for the operator's key, else the id of a workspace's own.
    credential text NOT NULL CHECK (length(credential) <= 36),
    credential_id uuid REFERENCES credentials ON DELETE CASCADE,
    workspace_id uuid REFERENCES workspaces ON DELETE CASCADE,
    state text NOT NULL CHECK (state IN ('closed', 'open', 'halfOpen')),
    -- In a row.
    openings integer NOT NULL CHECK (openings >= 0),
    -- Unix time, to the nanosecond: daemons order what they tell each other by it. 0 unless it is open.
    open_until_nanoseconds bigint NOT NULL,
    changed_at_nanoseconds bigint NOT NULL,
    -- What the operator said.
    forced text NOT NULL CHECK (forced IN ('auto', 'open', 'closed')),
    forced_at_nanoseconds bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (provider, credential),
    CONSTRAINT provider_circuits_credential_id_workspace_id_check CHECK (
        (credential = 'platform' AND credential_id IS NULL AND workspace_id IS NULL)
        OR (credential = credential_id::text AND credential_id IS NOT NULL AND workspace_id IS NOT NULL))
);
CREATE INDEX provider_circuits_updated_at_idx ON provider_circuits (updated_at);
CREATE INDEX provider_circuits_credential_id_idx ON provider_circuits (credential_id);
CREATE INDEX provider_circuits_workspace_id_idx ON provider_circuits (workspace_id);

ALTER TABLE provider_circuits ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON provider_circuits USING (workspace_id = rpcd_workspace());
CREATE POLICY every ON provider_circuits TO rpcd_maintenance USING (true);
GRANT SELECT, INSERT, UPDATE ON provider_circuits TO rpcd_maintenance;

-- The newest credential of a provider.
CREATE INDEX credentials_provider_idx ON credentials (workspace_id, provider, created_at DESC, id DESC);

-- migrate:down
DROP INDEX credentials_provider_idx;
DROP TABLE provider_circuits;
