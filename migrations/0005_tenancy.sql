-- The second wall between workspaces, PostgreSQL's own: row level security, for the owner of the tables, too.
--
-- The daemon connects as rpcd_daemon, or as a member of it. That role owns nothing and sees of a tenant's tables only what belongs to the
-- workspace of its transaction, and of the caller what tells where he belongs. What is for the operator and spans workspaces takes on
-- rpcd_maintenance for one transaction (SET LOCAL ROLE).

-- migrate:up
-- Roles belong to the whole cluster: another database of it may have them already, or make them at this moment.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rpcd_daemon') THEN
        -- Without a password it can log in only where the server trusts or knows the peer. NOINHERIT: it is rpcd_maintenance only when it says so.
        CREATE ROLE rpcd_daemon LOGIN NOINHERIT;
        CREATE ROLE rpcd_maintenance NOLOGIN;
        GRANT rpcd_maintenance TO rpcd_daemon;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$;

CREATE FUNCTION rpcd_workspace() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('rpcd.workspace_id', true), '')::uuid;

-- The user or API key that calls.
CREATE FUNCTION rpcd_caller() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('rpcd.caller_id', true), '')::uuid;

-- The door of a user: sets what this transaction sees, and tells his role there; null for one who is no member. No row: the session is over
-- or the user disabled.
CREATE FUNCTION rpcd_enter_user(session uuid, caller uuid, workspace uuid) RETURNS TABLE (role text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('rpcd.caller_id', caller::text, true), set_config('rpcd.workspace_id', coalesce(workspace::text, ''), true);
    RETURN QUERY
        SELECT m.role FROM sessions s JOIN users u ON u.id = s.user_id
        LEFT JOIN memberships m ON m.user_id = u.id AND m.workspace_id = workspace
        WHERE s.id = session AND s.user_id = caller AND s.revoked_at IS NULL AND u.disabled_at IS NULL
            AND s.rotated_at > now() - interval '7 days' AND s.created_at > now() - interval '30 days';
END
$$;

-- The door of an API key, with who made it. The role is null outside its workspace. No row: the key is over, or he who made it is disabled.
CREATE FUNCTION rpcd_enter_key(caller uuid, hash bytea, workspace uuid) RETURNS TABLE (role text, responsible uuid) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('rpcd.caller_id', caller::text, true), set_config('rpcd.workspace_id', coalesce(workspace::text, ''), true);
    RETURN QUERY
        SELECT CASE WHEN k.workspace_id = workspace THEN k.role END, k.created_by FROM api_keys k
        LEFT JOIN users u ON u.id = k.created_by
        WHERE k.id = caller AND k.secret_hash = hash AND k.revoked_at IS NULL AND u.disabled_at IS NULL
            AND (k.expires_at IS NULL OR k.expires_at > now());
END
$$;

ALTER TABLE workspaces ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON workspaces USING (id = rpcd_workspace());
CREATE POLICY of_caller ON workspaces FOR SELECT
    USING (id IN (SELECT workspace_id FROM memberships WHERE user_id = rpcd_caller()));
CREATE POLICY every ON workspaces TO rpcd_maintenance USING (true);

ALTER TABLE memberships ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON memberships USING (workspace_id = rpcd_workspace());
CREATE POLICY of_caller ON memberships FOR SELECT USING (user_id = rpcd_caller());
CREATE POLICY every ON memberships TO rpcd_maintenance USING (true);

ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON api_keys USING (workspace_id = rpcd_workspace());
CREATE POLICY of_caller ON api_keys FOR SELECT USING (id = rpcd_caller());
CREATE POLICY use_of_caller ON api_keys FOR UPDATE USING (id = rpcd_caller());
CREATE POLICY every ON api_keys TO rpcd_maintenance USING (true);

ALTER TABLE invitations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON invitations USING (workspace_id = rpcd_workspace());
CREATE POLICY every ON invitations TO rpcd_maintenance USING (true);

ALTER TABLE credentials ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON credentials USING (workspace_id = rpcd_workspace());
CREATE POLICY every ON credentials TO rpcd_maintenance USING (true);

ALTER TABLE workspace_salts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON workspace_salts USING (workspace_id = rpcd_workspace());
CREATE POLICY every ON workspace_salts TO rpcd_maintenance USING (true);

-- What happened outside workspaces, as logins, has none; such rows are added and not read.
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON audit_log FOR SELECT USING (workspace_id = rpcd_workspace());
CREATE POLICY append ON audit_log FOR INSERT WITH CHECK (workspace_id IS NULL OR workspace_id = rpcd_workspace());
CREATE POLICY every ON audit_log TO rpcd_maintenance USING (true);

-- No more than what the daemon does. Of the trail that is adding: neither changing nor removing, and when a row was written is not its to say.
GRANT SELECT ON rpcd_migrations TO rpcd_daemon;
GRANT SELECT, INSERT, UPDATE ON users, sessions, invitations, api_keys TO rpcd_daemon, rpcd_maintenance;
GRANT SELECT, INSERT, UPDATE, DELETE ON login_failures TO rpcd_daemon;
GRANT SELECT, INSERT, UPDATE, DELETE ON workspaces, memberships, credentials TO rpcd_daemon, rpcd_maintenance;
GRANT SELECT, INSERT ON workspace_salts TO rpcd_daemon, rpcd_maintenance;
GRANT SELECT, INSERT (actor, action, workspace_id, object, address, request_id, outcome) ON audit_log TO rpcd_daemon, rpcd_maintenance;

-- migrate:down
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM rpcd_daemon, rpcd_maintenance;
DROP POLICY every ON audit_log;
DROP POLICY append ON audit_log;
DROP POLICY own ON audit_log;
ALTER TABLE audit_log NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
DROP POLICY every ON workspace_salts;
DROP POLICY own ON workspace_salts;
ALTER TABLE workspace_salts NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
DROP POLICY every ON credentials;
DROP POLICY own ON credentials;
ALTER TABLE credentials NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
DROP POLICY every ON invitations;
DROP POLICY own ON invitations;
ALTER TABLE invitations NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
DROP POLICY every ON api_keys;
DROP POLICY use_of_caller ON api_keys;
DROP POLICY of_caller ON api_keys;
DROP POLICY own ON api_keys;
ALTER TABLE api_keys NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
DROP POLICY every ON memberships;
DROP POLICY of_caller ON memberships;
DROP POLICY own ON memberships;
ALTER TABLE memberships NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
DROP POLICY every ON workspaces;
DROP POLICY of_caller ON workspaces;
DROP POLICY own ON workspaces;
ALTER TABLE workspaces NO FORCE ROW LEVEL SECURITY, DISABLE ROW LEVEL SECURITY;
DROP FUNCTION rpcd_enter_key(uuid, bytea, uuid);
DROP FUNCTION rpcd_enter_user(uuid, uuid, uuid);
DROP FUNCTION rpcd_caller();
DROP FUNCTION rpcd_workspace();
-- The roles stay: other databases of the cluster may use them.
