-- Users, their sessions, workspaces and who belongs to them.

-- migrate:up
CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    -- Normalised: what is unique here is what a person would call the same address.
    email text NOT NULL CONSTRAINT users_email_key UNIQUE CHECK (length(email) <= 254),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    -- An argon2id PHC string.
    password_hash text NOT NULL,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- One login. Its refresh token is derived from a key, the id and the generation; only a hash is kept.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    device text CHECK (length(device) <= 200),
    address text NOT NULL,
    generation bigint NOT NULL DEFAULT 0 CHECK (generation >= 0),
    refresh_hash bytea NOT NULL CHECK (length(refresh_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    rotated_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);

-- Failed logins, for the lock. The email is hashed with a key: most of those that fail belong to nobody here.
CREATE TABLE login_failures (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email_hash bytea NOT NULL CHECK (length(email_hash) = 32),
    address text NOT NULL,
    failed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX login_failures_email_hash_idx ON login_failures (email_hash, failed_at);
CREATE INDEX login_failures_failed_at_idx ON login_failures (failed_at);

CREATE TABLE workspaces (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 80),
    slug text NOT NULL CONSTRAINT workspaces_slug_key UNIQUE CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    settings jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE memberships (
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('viewer', 'member', 'admin', 'owner')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX memberships_user_id_idx ON memberships (user_id, workspace_id);

-- migrate:down
DROP TABLE memberships;
DROP TABLE workspaces;
DROP TABLE login_failures;
DROP TABLE sessions;
DROP TABLE users;
