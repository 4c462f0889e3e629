-- Sums of what lies in a quarter of an hour, of calls in a day, kept beside the rows. Whoever sends rows first marks what they lie in as changed, and
-- makes its sums anew from the rows when nothing has changed for a while; what is marked is read from the rows. So sums follow rows that come twice,
-- are taken back or erased, which those of a materialised view do not.

-- migrate:up
CREATE TABLE IF NOT EXISTS enrichment_sums (
    workspace_id UUID CODEC(ZSTD(1)),
    slot DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    version DateTime64(6, 'UTC') DEFAULT now64(6),
    is_changed UInt8,
    keep_until DateTime,
    sums Nested(field LowCardinality(String), provider LowCardinality(String), records Int64, found Int64, cached Int64, not_found Int64,
        exhausted Int64, skipped Int64, failed Int64, cost Int64)
) ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(slot) ORDER BY (workspace_id, slot) TTL keep_until;

CREATE TABLE IF NOT EXISTS call_sums (
    workspace_id UUID CODEC(ZSTD(1)),
    slot DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    version DateTime64(6, 'UTC') DEFAULT now64(6),
    is_changed UInt8,
    keep_until DateTime,
    sums Nested(field LowCardinality(String), provider LowCardinality(String), outcome LowCardinality(String), milliseconds Int64, calls Int64)
) ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(slot) ORDER BY (workspace_id, slot) TTL keep_until;

CREATE TABLE IF NOT EXISTS credit_sums (
    workspace_id UUID CODEC(ZSTD(1)),
    slot DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    version DateTime64(6, 'UTC') DEFAULT now64(6),
    is_changed UInt8,
    keep_until DateTime,
    sums Nested(source LowCardinality(String), provider LowCardinality(String), transactions Int64, added Int64, spent Int64, refunded Int64,
        expired Int64)
) ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(slot) ORDER BY (workspace_id, slot) TTL keep_until;

-- What is there already.
INSERT INTO enrichment_sums (workspace_id, slot, is_changed, keep_until)
    SELECT workspace_id, toStartOfFifteenMinutes(at) AS slot, 1, max(keep_until) FROM enrichment GROUP BY workspace_id, slot;

INSERT INTO call_sums (workspace_id, slot, is_changed, keep_until)
    SELECT workspace_id, toStartOfDay(at) AS slot, 1, max(keep_until) FROM enrichment GROUP BY workspace_id, slot;

INSERT INTO credit_sums (workspace_id, slot, is_changed, keep_until)
    SELECT workspace_id, toStartOfFifteenMinutes(at) AS slot, 1, max(keep_until) FROM credits GROUP BY workspace_id, slot;

-- migrate:down
DROP TABLE IF EXISTS credit_sums;
DROP TABLE IF EXISTS call_sums;
DROP TABLE IF EXISTS enrichment_sums;
