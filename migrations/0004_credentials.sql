-- Keys of external providers, encrypted.

-- migrate:up
-- Half of what decrypts a workspace's secrets; the other half is the master key. Without this row they are gone.
CREATE TABLE workspace_salts (
    workspace_id uuid PRIMARY KEY REFERENCES workspaces ON DELETE CASCADE,
    salt bytea NOT NULL CHECK (length(salt) = 32)
);

CREATE TABLE credentials (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    provider text NOT NULL CHECK (provider ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    label text NOT NULL CHECK (length(label) <= 80),
    -- Nonce, ciphertext and tag of AES-256-GCM.
    key_box bytea NOT NULL CHECK (length(key_box) > 28),
    secret_box bytea CHECK (length(secret_box) > 28),
    -- The last characters at most.
    masked_key text NOT NULL CHECK (length(masked_key) <= 5),
    -- Of the master key that both boxes are sealed under.
    key_version bigint NOT NULL CHECK (key_version > 0),
    version bigint NOT NULL DEFAULT 1,
    created_by uuid REFERENCES users ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz
);
CREATE INDEX credentials_workspace_id_idx ON credentials (workspace_id, created_at, id);
CREATE INDEX credentials_created_by_idx ON credentials (created_by);
CREATE INDEX credentials_key_version_idx ON credentials (key_version, id);

-- migrate:down
DROP TABLE credentials;
DROP TABLE workspace_salts;
