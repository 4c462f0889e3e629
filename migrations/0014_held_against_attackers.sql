-- Against those who try: attempts count before they are made, keys are no more than who made them, mails are few, what is over goes.

-- migrate:up
-- An attempt stands here while its password is still being checked, and stays unless that turns out right.
ALTER TABLE login_failures ADD COLUMN is_pending boolean NOT NULL DEFAULT false;

ALTER TABLE sessions
    -- To the minute: a call that only reads does not write each time.
    ADD COLUMN last_used_at timestamptz NOT NULL DEFAULT now(),
    -- The address, of IPv6 its /64: what counts as one place.
    ADD COLUMN network text;
UPDATE sessions SET last_used_at = rotated_at, network = address;
ALTER TABLE sessions ALTER COLUMN network SET NOT NULL;
CREATE INDEX sessions_rotated_at_idx ON sessions (rotated_at);
GRANT DELETE ON sessions TO rpcd_daemon;

-- When invitations were mailed to an address, from whichever workspace, for an hour.
CREATE TABLE invitation_mails (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    -- Keyed: most of them belong to nobody here.
    recipient_hash bytea NOT NULL CHECK (length(recipient_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX invitation_mails_recipient_hash_idx ON invitation_mails (recipient_hash, created_at);
CREATE INDEX invitation_mails_created_at_idx ON invitation_mails (created_at);
GRANT SELECT, INSERT, DELETE ON invitation_mails TO rpcd_daemon;

CREATE FUNCTION rpcd_rank(role text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN array_position(ARRAY['viewer', 'member', 'admin', 'owner'], role);

-- The door of an API key, with who made it. Its role is at most what its maker is by now, and null outside its workspace. No row: the key
-- is over, or its maker disabled, or no member any more. A key of the operator's has no maker.
CREATE OR REPLACE FUNCTION rpcd_enter_key(caller uuid, hash bytea, workspace uuid) RETURNS TABLE (role text, responsible uuid) LANGUAGE plpgsql AS $$
DECLARE
    key record;
    standing text;
BEGIN
    PERFORM set_config('rpcd.caller_id', caller::text, true);
    SELECT k.workspace_id, k.role, k.created_by INTO key FROM api_keys k LEFT JOIN users u ON u.id = k.created_by
    WHERE k.id = caller AND k.secret_hash = hash AND k.revoked_at IS NULL AND u.disabled_at IS NULL
        AND (k.expires_at IS NULL OR k.expires_at > now());
    IF key.created_by IS NULL THEN
        standing := key.role;
    ELSE
        -- His membership is seen from there alone.
        PERFORM set_config('rpcd.workspace_id', key.workspace_id::text, true);
        SELECT CASE WHEN rpcd_rank(m.role) < rpcd_rank(key.role) THEN m.role ELSE key.role END INTO standing
        FROM memberships m WHERE m.workspace_id = key.workspace_id AND m.user_id = key.created_by;
    END IF;
    PERFORM set_config('rpcd.workspace_id', coalesce(workspace::text, ''), true);
    IF standing IS NOT NULL THEN
        RETURN QUERY SELECT CASE WHEN key.workspace_id = workspace THEN standing END, key.created_by;
    END IF;
END
$$;

-- migrate:down
CREATE OR REPLACE FUNCTION rpcd_enter_key(caller uuid, hash bytea, workspace uuid) RETURNS TABLE (role text, responsible uuid) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('rpcd.caller_id', caller::text, true), set_config('rpcd.workspace_id', coalesce(workspace::text, ''), true);
    RETURN QUERY
        SELECT CASE WHEN k.workspace_id = workspace THEN k.role END, k.created_by FROM api_keys k
        LEFT JOIN users u ON u.id = k.created_by
        WHERE k.id = caller AND k.secret_hash = hash AND k.revoked_at IS NULL AND u.disabled_at IS NULL
            AND (k.expires_at IS NULL OR k.expires_at > now());
END
$$;
DROP FUNCTION rpcd_rank(text);
DROP TABLE invitation_mails;
REVOKE DELETE ON sessions FROM rpcd_daemon;
DROP INDEX sessions_rotated_at_idx;
ALTER TABLE sessions DROP COLUMN network, DROP COLUMN last_used_at;
ALTER TABLE login_failures DROP COLUMN is_pending;
