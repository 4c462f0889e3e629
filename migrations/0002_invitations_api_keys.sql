-- Who may join a workspace by a link, and which programs act inside one.

-- migrate:up
CREATE TABLE invitations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    email text NOT NULL CHECK (length(email) <= 254),
    role text NOT NULL CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
    -- SHA-256 of a random token: there is nothing to guess, so no slow hash is needed.
    token_hash bytea NOT NULL CONSTRAINT invitations_token_hash_key UNIQUE CHECK (length(token_hash) = 32),
    -- Null: the operator.
    invited_by uuid REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '7 days',
    accepted_at timestamptz,
    revoked_at timestamptz,
    CHECK (accepted_at IS NULL OR revoked_at IS NULL)
);
CREATE INDEX invitations_workspace_id_idx ON invitations (workspace_id, created_at, id);
CREATE INDEX invitations_invited_by_idx ON invitations (invited_by);
-- One link at a time for each address.
CREATE UNIQUE INDEX invitations_open_idx ON invitations (workspace_id, email)
    WHERE accepted_at IS NULL AND revoked_at IS NULL;

CREATE TABLE api_keys (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    role text NOT NULL CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
    -- SHA-256 of 24 random bytes.
    secret_hash bytea NOT NULL CHECK (length(secret_hash) = 32),
    -- Null: the operator.
    created_by uuid REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    -- To the minute: a call that only reads does not write each time.
    last_used_at timestamptz,
    revoked_at timestamptz
);
CREATE INDEX api_keys_workspace_id_idx ON api_keys (workspace_id, created_at, id);
CREATE INDEX api_keys_created_by_idx ON api_keys (created_by);
CREATE INDEX users_created_at_idx ON users (created_at, id);

-- migrate:down
DROP INDEX users_created_at_idx;
DROP TABLE api_keys;
DROP TABLE invitations;
