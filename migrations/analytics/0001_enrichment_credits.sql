-- Analytics in a PostgreSQL of its own: the same tables as in ClickHouse.

-- migrate:up
CREATE TABLE enrichment (
    workspace_id uuid NOT NULL,
    at timestamptz NOT NULL,
    job_id uuid NOT NULL,
    seq bigint NOT NULL,
    record_id uuid NOT NULL,
    field text NOT NULL,
    is_first_field boolean NOT NULL,
    status text NOT NULL,
    -- Empty when nobody answered.
    provider text NOT NULL,
    cost bigint NOT NULL,
    confidence double precision,
    attempts bigint NOT NULL,
    -- [[provider, outcome, milliseconds], …]
    calls jsonb NOT NULL,
    keep_until timestamptz NOT NULL,
    -- Taken back: it does not count, even where it is told of again.
    is_void boolean NOT NULL,
    PRIMARY KEY (workspace_id, at, job_id, seq)
);
CREATE INDEX enrichment_record_id_idx ON enrichment (workspace_id, record_id);
CREATE INDEX enrichment_keep_until_idx ON enrichment USING brin (keep_until);

CREATE TABLE credits (
    workspace_id uuid NOT NULL,
    at timestamptz NOT NULL,
    id uuid NOT NULL,
    type text NOT NULL,
    amount bigint NOT NULL,
    source text NOT NULL,
    provider text NOT NULL,
    keep_until timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, at, id)
);
CREATE INDEX credits_keep_until_idx ON credits USING brin (keep_until);

-- migrate:down
DROP TABLE credits;
DROP TABLE enrichment;
