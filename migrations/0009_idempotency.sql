-- What was answered to calls that carried an idempotency key, for a day.

-- migrate:up
CREATE TABLE idempotency_keys (
    -- Keyed hash of caller, method and key; of an anonymous caller the params are in it, too.
    scope bytea PRIMARY KEY CHECK (length(scope) = 32),
    -- Keyed hash of the params.
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    -- The answer, sealed where it holds a secret.
    outcome bytea NOT NULL,
    is_sealed boolean NOT NULL,
    -- Of the master key by which all of this was made.
    key_version bigint NOT NULL CONSTRAINT idempotency_keys_key_version_fkey REFERENCES master_keys,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);
CREATE INDEX idempotency_keys_key_version_idx ON idempotency_keys (key_version);

GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO rpcd_daemon, rpcd_maintenance;

-- migrate:down
DROP TABLE idempotency_keys;
