-- What a workspace knows of people and companies, by the name that the workspace itself gives each.

-- migrate:up
CREATE TABLE records (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    external_id text NOT NULL CHECK (length(external_id) BETWEEN 1 AND 200),
    -- Of each field a text, a number or a truth value; no field is null.
    fields jsonb NOT NULL CHECK (jsonb_typeof(fields) = 'object'),
    -- Of fields that a provider found: {provider, at, confidence, jobId, cost}. What a caller gives has no entry.
    sources jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(sources) = 'object'),
    -- 1 as long as it has not been changed.
    version bigint NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT records_external_id_key UNIQUE (workspace_id, external_id)
);
CREATE INDEX records_workspace_id_idx ON records (workspace_id, created_at, id);
CREATE INDEX records_fields_idx ON records USING gin (fields jsonb_path_ops);

ALTER TABLE records ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON records USING (workspace_id = rpcd_workspace());
CREATE POLICY every ON records TO rpcd_maintenance USING (true);

-- The same rows as the policy lets through, for what looks by fields. Under a policy PostgreSQL takes no index for @>, which is not
-- leakproof, before it has asked the policy of every row; the condition of a view may be asked in any order. The view reads as its owner,
-- whom the forced policies bind, too, where he is no superuser.
CREATE VIEW records_of_workspace AS SELECT * FROM records WHERE workspace_id = rpcd_workspace();
CREATE POLICY of_view ON records FOR SELECT TO CURRENT_USER USING (true);

-- Adds records none of which is there, by their names in `given`, and tells how many: all, or none where there is no such workspace. Null, and
-- nothing done, when one of them is there. So new rows are spared ON CONFLICT, which writes each one twice; and what is caught here is no error in
-- the server's log. In the order of names, as everything that locks several, so that transactions wait in one direction only.
CREATE FUNCTION rpcd_insert_records(workspace uuid, given jsonb, has_null boolean, ids uuid[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    added bigint;
BEGIN
    WITH home AS MATERIALIZED (SELECT w.id FROM workspaces w WHERE w.id = workspace FOR KEY SHARE)
    INSERT INTO records (id, workspace_id, external_id, fields)
    SELECT g.id, home.id, g.external_id, CASE WHEN has_null THEN jsonb_strip_nulls(g.fields) ELSE g.fields END
    FROM home, ROWS FROM (jsonb_each(given), unnest(ids)) AS g (external_id, fields, id)
    ORDER BY g.external_id COLLATE "C";
    GET DIAGNOSTICS added = ROW_COUNT;
    RETURN added;
EXCEPTION WHEN unique_violation THEN
    RETURN NULL;
END
$$;

GRANT SELECT, INSERT, UPDATE, DELETE ON records TO rpcd_daemon, rpcd_maintenance;
GRANT SELECT ON records_of_workspace TO rpcd_daemon, rpcd_maintenance;

-- migrate:down
DROP FUNCTION rpcd_insert_records(uuid, jsonb, boolean, uuid[]);
DROP VIEW records_of_workspace;
DROP TABLE records;
