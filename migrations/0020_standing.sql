-- Whatever ends a session or changes a role says so: to the transaction itself, for the daemon that runs it, and to every other daemon when it
-- has been committed. What they keep of the user or the workspace is forgotten.

-- migrate:up
CREATE FUNCTION rpcd_standing_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- A user, or a workspace and all who are in it.
    subject text;
    noted text := coalesce(current_setting('rpcd.standing', true), '');
BEGIN
    IF TG_TABLE_NAME = 'sessions' THEN
        subject := OLD.user_id;
    ELSIF TG_TABLE_NAME = 'memberships' THEN
        subject := OLD.workspace_id;
    ELSE
        subject := OLD.id;
    END IF;
    -- Once is enough, however many rows.
    IF position(subject IN noted) = 0 THEN
        PERFORM set_config('rpcd.standing', noted || ' ' || subject, true), pg_notify('rpcd_standing', subject);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER sessions_standing AFTER UPDATE OF revoked_at ON sessions FOR EACH ROW
    WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at) EXECUTE FUNCTION rpcd_standing_changed();
CREATE TRIGGER users_standing AFTER UPDATE OF disabled_at ON users FOR EACH ROW
    WHEN (OLD.disabled_at IS DISTINCT FROM NEW.disabled_at) EXECUTE FUNCTION rpcd_standing_changed();
CREATE TRIGGER memberships_standing AFTER UPDATE OF role, user_id, workspace_id OR DELETE ON memberships FOR EACH ROW
    EXECUTE FUNCTION rpcd_standing_changed();
CREATE TRIGGER workspaces_standing AFTER DELETE ON workspaces FOR EACH ROW
    EXECUTE FUNCTION rpcd_standing_changed();

-- migrate:down
DROP TRIGGER workspaces_standing ON workspaces;
DROP TRIGGER memberships_standing ON memberships;
DROP TRIGGER users_standing ON users;
DROP TRIGGER sessions_standing ON sessions;
DROP FUNCTION rpcd_standing_changed();
