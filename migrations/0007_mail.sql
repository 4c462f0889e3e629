-- Mails that wait to be sent, and the links in them.

-- migrate:up
ALTER TABLE users ADD COLUMN email_verified_at timestamptz;

-- What proves that somebody reads the mails of an account. Used ones are deleted.
CREATE TABLE email_tokens (
    -- SHA-256 of 32 random bytes.
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    purpose text NOT NULL CHECK (purpose IN ('verifyEmail', 'resetPassword')),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX email_tokens_user_id_idx ON email_tokens (user_id, purpose, created_at);
CREATE INDEX email_tokens_expires_at_idx ON email_tokens (expires_at);

-- Written with the effect that they tell of; gone when the server has taken them.
CREATE TABLE mails (
    id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('verifyEmail', 'resetPassword', 'invitation')),
    recipient text NOT NULL CHECK (length(recipient) <= 254),
    -- What goes into the text, sealed: tokens are in it.
    box bytea NOT NULL CHECK (length(box) > 28),
    -- Of the master key that the box is sealed under.
    key_version bigint NOT NULL CHECK (key_version > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- When it is tried next; whoever takes it puts this off, so that nobody else does.
    due_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0
);
CREATE INDEX mails_due_at_idx ON mails (due_at, id);
CREATE INDEX mails_created_at_idx ON mails (created_at);
CREATE INDEX mails_key_version_idx ON mails (key_version);

GRANT SELECT, INSERT, DELETE ON email_tokens TO rpcd_daemon;
GRANT SELECT, INSERT, UPDATE, DELETE ON mails TO rpcd_daemon, rpcd_maintenance;

-- migrate:down
DROP TABLE mails;
DROP TABLE email_tokens;
ALTER TABLE users DROP COLUMN email_verified_at;
