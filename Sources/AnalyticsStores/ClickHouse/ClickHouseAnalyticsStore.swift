/// In the language of ClickHouse. A key has one time, so what replaces a row is in its partition: none has to be compared with the others.
extension ClickHouseAnalytics {
    /// With the columns of ``JSONLines``, in their order.
    static let enrichmentTable: StaticString = """
        enrichment (workspace_id, at, job_id, seq, record_id, field, is_first_field, status, provider, cost, confidence, attempts,
            `calls.provider`, `calls.outcome`, `calls.milliseconds`, is_void, keep_until)
        """

    static let creditsTable: StaticString = """
        credits (workspace_id, at, id, type, amount, source, provider, keep_until)
        """

    static let eraseRecords: StaticString = """
        DELETE FROM enrichment WHERE workspace_id IN {workspaces:Array(UUID)} AND record_id IN {records:Array(UUID)}
        """

    static let eraseWorkspaces: StaticString = """
        DELETE FROM enrichment WHERE workspace_id IN {workspaces:Array(UUID)}
        """

    static let eraseEnrichmentSums: StaticString = """
        DELETE FROM enrichment_sums WHERE workspace_id IN {workspaces:Array(UUID)}
        """

    static let eraseCallSums: StaticString = """
        DELETE FROM call_sums WHERE workspace_id IN {workspaces:Array(UUID)}
        """

    /// Where rows that are to be erased lie, and how long they would have been kept.
    static let listErased: StaticString = """
        SELECT toString(workspace_id), toInt64(toUnixTimestamp(toStartOfFifteenMinutes(at))) AS start, toInt64(toUnixTimestamp(max(keep_until)))
        FROM enrichment WHERE workspace_id IN {workspaces:Array(UUID)} AND record_id IN {records:Array(UUID)}
        GROUP BY workspace_id, start LIMIT {limit:Int64}
        """

    static let listEnrichment: StaticString = """
        SELECT toUnixTimestamp64Micro(at), toString(job_id), seq, toString(record_id), toString(field), is_first_field, toString(status),
            toString(provider), cost, confidence, attempts, `calls.provider`, `calls.outcome`, `calls.milliseconds`
        FROM enrichment FINAL
        WHERE workspace_id = {workspace:UUID} AND at >= greatest({from:DateTime64(6, 'UTC')}, {lastAt:DateTime64(6, 'UTC')})
            AND at < {to:DateTime64(6, 'UTC')} AND NOT is_void
            AND ({provider:Nullable(String)} IS NULL OR provider = {provider:Nullable(String)})
            AND ({field:Nullable(String)} IS NULL OR field = {field:Nullable(String)})
            AND ({job:Nullable(UUID)} IS NULL OR job_id = {job:Nullable(UUID)})
            AND (at, job_id, seq) > ({lastAt:DateTime64(6, 'UTC')}, {lastJob:UUID}, {lastSeq:Int64})
        ORDER BY at, job_id, seq LIMIT {limit:Int64}
        SETTINGS do_not_merge_across_partitions_select_final = 1
        """

    static let listCredits: StaticString = """
        SELECT toUnixTimestamp64Micro(at), toString(id), toString(type), amount, toString(provider)
        FROM credits FINAL
        WHERE workspace_id = {workspace:UUID} AND at >= greatest({from:DateTime64(6, 'UTC')}, {lastAt:DateTime64(6, 'UTC')})
            AND at < {to:DateTime64(6, 'UTC')}
            AND ({provider:Nullable(String)} IS NULL OR provider = {provider:Nullable(String)})
            AND ({source:Nullable(String)} IS NULL OR source = {source:Nullable(String)})
            AND (at, id) > ({lastAt:DateTime64(6, 'UTC')}, {lastID:UUID})
        ORDER BY at, id LIMIT {limit:Int64}
        SETTINGS do_not_merge_across_partitions_select_final = 1
        """

    static let sumEnrichmentDays: StaticString = """
        SELECT toString(workspace_id), intDiv(toUnixTimestamp64Micro(at), 86400000000) AS day, toInt64(count()), sum(cost),
            toInt64(countIf(status = 'found'))
        FROM enrichment FINAL
        WHERE workspace_id IN {workspaces:Array(UUID)} AND at >= {from:DateTime64(6, 'UTC')} AND NOT is_void
        GROUP BY workspace_id, day LIMIT {limit:Int64}
        SETTINGS do_not_merge_across_partitions_select_final = 1
        """

    static let sumCreditDays: StaticString = """
        SELECT toString(workspace_id), intDiv(toUnixTimestamp64Micro(at), 86400000000) AS day, toInt64(count()), sum(amount),
            sumIf(amount, type IN ('debit', 'capture'))
        FROM credits FINAL
        WHERE workspace_id IN {workspaces:Array(UUID)} AND at >= {from:DateTime64(6, 'UTC')}
        GROUP BY workspace_id, day LIMIT {limit:Int64}
        SETTINGS do_not_merge_across_partitions_select_final = 1
        """

    /// Of sums, of which there is at least a mark where there are rows, and far fewer.
    static let listEnrichmentWorkspaces: StaticString = """
        SELECT DISTINCT toString(workspace_id) AS id FROM call_sums WHERE toString(workspace_id) > {after:String} ORDER BY id LIMIT {limit:Int64}
        """

    static let listCreditWorkspaces: StaticString = """
        SELECT DISTINCT toString(workspace_id) AS id FROM credit_sums WHERE toString(workspace_id) > {after:String} ORDER BY id LIMIT {limit:Int64}
        """

    /// Erased rows go from the disk, too. Nobody waits for it.
    static let applyErasures: [StaticString] = [
        "ALTER TABLE enrichment APPLY DELETED MASK SETTINGS mutations_sync = 0",
        "ALTER TABLE enrichment_sums APPLY DELETED MASK SETTINGS mutations_sync = 0",
        "ALTER TABLE call_sums APPLY DELETED MASK SETTINGS mutations_sync = 0",
    ]
}

/// What has been migrated.
extension ClickHouseMigrator {
    static let createTable: StaticString = """
        CREATE TABLE IF NOT EXISTS rpcd_migrations (version Int64, name String, checksum String, applied_at DateTime64(3) DEFAULT now64(3))
        ENGINE = ReplacingMergeTree ORDER BY version
        """

    static let hasTable: StaticString = """
        SELECT toInt64(count()) FROM system.tables WHERE database = currentDatabase() AND name = 'rpcd_migrations'
        """

    static let listApplied: StaticString =
        "SELECT version, checksum FROM rpcd_migrations FINAL ORDER BY version LIMIT 10000"

    static let hash: StaticString = "SELECT lower(hex(SHA256({text:String})))"

    static let insertApplied: StaticString = """
        INSERT INTO rpcd_migrations (version, name, checksum) SELECT {version:Int64}, {name:String}, lower(hex(SHA256({text:String})))
        """

    static let deleteApplied: StaticString = "DELETE FROM rpcd_migrations WHERE version = {version:Int64}"
}
