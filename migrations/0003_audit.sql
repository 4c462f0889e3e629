-- Who did what. Rows are only added.

-- migrate:up
CREATE TABLE audit_log (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    at timestamptz NOT NULL DEFAULT now(),
    -- `user:…`, `apiKey:…`, `peer:uid:…` for the operator; for others the address alone.
    actor text NOT NULL CHECK (length(actor) <= 200),
    -- The method.
    action text NOT NULL CHECK (length(action) <= 100),
    -- No foreign key: it stays when the workspace goes.
    workspace_id uuid,
    -- The ids of what it was done to.
    object jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(object) = 'object'),
    address text NOT NULL CHECK (length(address) <= 200),
    request_id text NOT NULL CHECK (length(request_id) <= 128),
    -- `OK`, or the code of the error.
    outcome text NOT NULL CHECK (length(outcome) <= 40)
);
CREATE INDEX audit_log_workspace_id_idx ON audit_log (workspace_id, at DESC, id DESC);

-- migrate:down
DROP TABLE audit_log;
