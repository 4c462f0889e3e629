-- Analytics in ClickHouse. A row that comes again, in the same batch or in another, is the same row: of those with one key the last version
-- stands, and until they are merged FINAL sees to it. What was taken back has version 1 and does not count.

-- migrate:up
CREATE TABLE IF NOT EXISTS enrichment (
    workspace_id UUID CODEC(ZSTD(1)),
    at DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    job_id UUID CODEC(ZSTD(1)),
    seq Int64 CODEC(Delta, ZSTD(1)),
    record_id UUID CODEC(ZSTD(1)),
    field LowCardinality(String),
    is_first_field Bool,
    status LowCardinality(String),
    provider LowCardinality(String),
    cost Int64 CODEC(T64, ZSTD(1)),
    confidence Nullable(Float64) CODEC(ZSTD(1)),
    attempts Int64 CODEC(T64, ZSTD(1)),
    calls Nested(provider LowCardinality(String), outcome LowCardinality(String), milliseconds Int64),
    is_void UInt8,
    keep_until DateTime CODEC(Delta, ZSTD(1)),
    INDEX record_id_index record_id TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = ReplacingMergeTree(is_void)
PARTITION BY toYYYYMM(at) ORDER BY (workspace_id, at, job_id, seq) TTL keep_until
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS credits (
    workspace_id UUID CODEC(ZSTD(1)),
    at DateTime64(6, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    id UUID CODEC(ZSTD(1)),
    type LowCardinality(String),
    amount Int64 CODEC(T64, ZSTD(1)),
    source LowCardinality(String),
    provider LowCardinality(String),
    keep_until DateTime CODEC(Delta, ZSTD(1))
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at) ORDER BY (workspace_id, at, id) TTL keep_until
SETTINGS non_replicated_deduplication_window = 1000;

-- migrate:down
DROP TABLE IF EXISTS credits;
DROP TABLE IF EXISTS enrichment;
