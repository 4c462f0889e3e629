-- Endpoints that are told what happens in a workspace, and what each of them was told.

-- migrate:up
CREATE TABLE webhooks (
    id uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces ON DELETE CASCADE,
    url text NOT NULL CHECK (length(url) <= 2048),
    -- Names of events, or `*` for every one.
    events text[] NOT NULL CONSTRAINT webhooks_events_check CHECK (cardinality(events) BETWEEN 1 AND 50),
    is_enabled boolean NOT NULL DEFAULT true,
    -- `manual`, `gone`: it answered 410; `failing`: for days.
    disabled_reason text CHECK (disabled_reason IN ('manual', 'gone', 'failing')),
    -- What it is signed with: nonce, ciphertext and tag of AES-256-GCM.
    secret_box bytea NOT NULL CHECK (length(secret_box) > 28),
    -- What it is signed with, too, until it expires.
    previous_secret_box bytea CHECK (length(previous_secret_box) > 28),
    previous_expires_at timestamptz,
    -- Of the master key that both boxes are sealed under.
    key_version bigint NOT NULL CONSTRAINT webhooks_key_version_fkey REFERENCES master_keys,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    -- Since when nothing has been delivered, though something was tried.
    failing_since timestamptz,
    -- When a daemon has to look after it; null when nothing waits. Never before the two moments below.
    due_at timestamptz,
    -- Until then it is one daemon's alone; if that dies, it is due again.
    leased_until timestamptz,
    -- Until then it wants, or deserves, to be left alone.
    rests_until timestamptz,
    CONSTRAINT webhooks_disabled_check CHECK (is_enabled = (disabled_reason IS NULL) AND (is_enabled OR due_at IS NULL)),
    CONSTRAINT webhooks_previous_check CHECK ((previous_secret_box IS NULL) = (previous_expires_at IS NULL))
);
CREATE INDEX webhooks_workspace_id_idx ON webhooks (workspace_id, created_at, id);
CREATE INDEX webhooks_key_version_idx ON webhooks (key_version, id);
CREATE INDEX webhooks_due_at_idx ON webhooks (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE webhook_deliveries (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    webhook_id uuid NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    -- The webhook's.
    workspace_id uuid NOT NULL,
    -- No foreign key: that of a test is of no event. Receivers know it as `msg_` and this.
    event_id uuid NOT NULL,
    type text NOT NULL CHECK (length(type) <= 100),
    -- Byte for byte what is signed and sent.
    payload text NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    -- When it is tried next. At first the moment of the event, so that events go out in their order.
    due_at timestamptz NOT NULL,
    -- What the last attempt was answered, or why it was not.
    last_status integer,
    last_error text CHECK (length(last_error) <= 500),
    created_at timestamptz NOT NULL DEFAULT now(),
    delivered_at timestamptz,
    -- Once each, whoever hands events out and however often.
    CONSTRAINT webhook_deliveries_event_key UNIQUE (webhook_id, event_id),
    CONSTRAINT webhook_deliveries_delivered_check CHECK ((status = 'delivered') = (delivered_at IS NOT NULL))
);
CREATE INDEX webhook_deliveries_pending_idx ON webhook_deliveries (webhook_id, due_at, id) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_created_at_idx ON webhook_deliveries (created_at);
CREATE INDEX webhook_deliveries_webhook_id_idx ON webhook_deliveries (webhook_id, created_at, id);
CREATE INDEX webhook_deliveries_status_idx ON webhook_deliveries (webhook_id, status, created_at, id);

-- When a webhook has to be looked after: for its first delivery that waits, but not before a moment.
CREATE FUNCTION rpcd_webhook_due(webhook uuid, not_before timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT greatest(d.due_at, not_before) FROM webhook_deliveries d WHERE d.webhook_id = webhook AND d.status = 'pending'
    ORDER BY d.due_at LIMIT 1
$$;

-- Whether the webhooks have been asked if they want it. What is there already is nobody's.
ALTER TABLE events ADD COLUMN is_handed_out boolean NOT NULL DEFAULT true;
ALTER TABLE events ALTER COLUMN is_handed_out SET DEFAULT false;
CREATE INDEX events_not_handed_out_idx ON events (created_at, id) WHERE NOT is_handed_out;

ALTER TABLE webhooks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON webhooks USING (workspace_id = rpcd_workspace());
CREATE POLICY every ON webhooks TO rpcd_maintenance USING (true);
ALTER TABLE webhook_deliveries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON webhook_deliveries USING (workspace_id = rpcd_workspace());
CREATE POLICY every ON webhook_deliveries TO rpcd_maintenance USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON webhooks, webhook_deliveries TO rpcd_daemon, rpcd_maintenance;
GRANT UPDATE (is_handed_out) ON events TO rpcd_maintenance;

-- migrate:down
REVOKE UPDATE (is_handed_out) ON events FROM rpcd_maintenance;
DROP INDEX events_not_handed_out_idx;
ALTER TABLE events DROP COLUMN is_handed_out;
DROP FUNCTION rpcd_webhook_due(uuid, timestamptz);
DROP TABLE webhook_deliveries;
DROP TABLE webhooks;
