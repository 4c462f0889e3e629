/// Sums in the language of ClickHouse: how they are marked, made and read.
extension ClickHouseAnalytics {
    static let markEnrichment: StaticString = """
        INSERT INTO enrichment_sums (workspace_id, slot, version, is_changed, keep_until)
        SELECT workspace_id, slot, greatest(now64(6), max(version) + toIntervalMicrosecond(1)), 1, max(keep_until)
        FROM (
            SELECT workspace_id, slot, version, keep_until FROM enrichment_sums
            WHERE (workspace_id, slot) IN (SELECT entry.1, toDateTime(entry.2, 'UTC') FROM
                (SELECT arrayJoin(arrayZip({workspaces:Array(UUID)}, {starts:Array(Int64)}, {kept:Array(Int64)})) AS entry))
            UNION ALL
            SELECT entry.1, toDateTime(entry.2, 'UTC'), toDateTime64(0, 6, 'UTC'), toDateTime(entry.3) FROM
                (SELECT arrayJoin(arrayZip({workspaces:Array(UUID)}, {starts:Array(Int64)}, {kept:Array(Int64)})) AS entry)
        )
        GROUP BY workspace_id, slot
        """

    static let listChangedEnrichment: StaticString = """
        SELECT toString(workspace_id), toInt64(toUnixTimestamp(slot)), toUnixTimestamp64Micro(version), toInt64(toUnixTimestamp(keep_until))
        FROM enrichment_sums FINAL WHERE is_changed AND version <= now64(6) - toIntervalSecond({settled:Int64})
        ORDER BY version, workspace_id, slot LIMIT {limit:Int64}
        SETTINGS do_not_merge_across_partitions_select_final = 1
        """

    static let markCalls: StaticString = """
        INSERT INTO call_sums (workspace_id, slot, version, is_changed, keep_until)
        SELECT workspace_id, slot, greatest(now64(6), max(version) + toIntervalMicrosecond(1)), 1, max(keep_until)
        FROM (
            SELECT workspace_id, slot, version, keep_until FROM call_sums
            WHERE (workspace_id, slot) IN (SELECT entry.1, toDateTime(entry.2, 'UTC') FROM
                (SELECT arrayJoin(arrayZip({workspaces:Array(UUID)}, {starts:Array(Int64)}, {kept:Array(Int64)})) AS entry))
            UNION ALL
            SELECT entry.1, toDateTime(entry.2, 'UTC'), toDateTime64(0, 6, 'UTC'), toDateTime(entry.3) FROM
                (SELECT arrayJoin(arrayZip({workspaces:Array(UUID)}, {starts:Array(Int64)}, {kept:Array(Int64)})) AS entry)
        )
        GROUP BY workspace_id, slot
        """

    static let listChangedCalls: StaticString = """
        SELECT toString(workspace_id), toInt64(toUnixTimestamp(slot)), toUnixTimestamp64Micro(version), toInt64(toUnixTimestamp(keep_until))
        FROM call_sums FINAL WHERE is_changed AND version <= now64(6) - toIntervalSecond({settled:Int64})
        ORDER BY version, workspace_id, slot LIMIT {limit:Int64}
        SETTINGS do_not_merge_across_partitions_select_final = 1
        """

    static let markCredits: StaticString = """
        INSERT INTO credit_sums (workspace_id, slot, version, is_changed, keep_until)
        SELECT workspace_id, slot, greatest(now64(6), max(version) + toIntervalMicrosecond(1)), 1, max(keep_until)
        FROM (
            SELECT workspace_id, slot, version, keep_until FROM credit_sums
            WHERE (workspace_id, slot) IN (SELECT entry.1, toDateTime(entry.2, 'UTC') FROM
                (SELECT arrayJoin(arrayZip({workspaces:Array(UUID)}, {starts:Array(Int64)}, {kept:Array(Int64)})) AS entry))
            UNION ALL
            SELECT entry.1, toDateTime(entry.2, 'UTC'), toDateTime64(0, 6, 'UTC'), toDateTime(entry.3) FROM
                (SELECT arrayJoin(arrayZip({workspaces:Array(UUID)}, {starts:Array(Int64)}, {kept:Array(Int64)})) AS entry)
        )
        GROUP BY workspace_id, slot
        """

    static let listChangedCredits: StaticString = """
        SELECT toString(workspace_id), toInt64(toUnixTimestamp(slot)), toUnixTimestamp64Micro(version), toInt64(toUnixTimestamp(keep_until))
        FROM credit_sums FINAL WHERE is_changed AND version <= now64(6) - toIntervalSecond({settled:Int64})
        ORDER BY version, workspace_id, slot LIMIT {limit:Int64}
        SETTINGS do_not_merge_across_partitions_select_final = 1
        """

    static let sumUpEnrichment: StaticString = """
        INSERT INTO enrichment_sums (workspace_id, slot, version, is_changed, keep_until, `sums.field`, `sums.provider`, `sums.records`, `sums.found`, `sums.cached`, `sums.not_found`, `sums.exhausted`, `sums.skipped`, `sums.failed`, `sums.cost`)
        SELECT marked.workspace_id, marked.slot, any(marked.version), 0, if(max(has_rows) = 1, max(kept), any(marked.keep_until)), groupArrayIf(field, has_rows), groupArrayIf(provider, has_rows), groupArrayIf(records, has_rows), groupArrayIf(found, has_rows), groupArrayIf(cached, has_rows), groupArrayIf(not_found, has_rows), groupArrayIf(exhausted, has_rows), groupArrayIf(skipped, has_rows), groupArrayIf(failed, has_rows), groupArrayIf(cost, has_rows)
        FROM (
            SELECT entry.1 AS workspace_id, toDateTime(entry.2, 'UTC') AS slot, fromUnixTimestamp64Micro(entry.3 + 1, 'UTC') AS version,
                toDateTime(entry.4) AS keep_until
            FROM (SELECT arrayJoin(arrayZip({workspaces:Array(UUID)}, {starts:Array(Int64)}, {versions:Array(Int64)}, {kept:Array(Int64)})) AS entry)
        ) AS marked LEFT JOIN (
            SELECT workspace_id, toStartOfFifteenMinutes(at) AS slot, field, provider, toUInt8(1) AS has_rows, max(keep_until) AS kept, toInt64(countIf(is_first_field)) AS records, toInt64(countIf(status = 'found')) AS found, toInt64(countIf(status = 'cached')) AS cached, toInt64(countIf(status = 'not_found')) AS not_found, toInt64(countIf(status = 'exhausted')) AS exhausted, toInt64(countIf(status = 'skipped')) AS skipped, toInt64(countIf(status = 'failed')) AS failed, sum(enrichment.cost) AS cost
            FROM enrichment FINAL
            WHERE at >= {from:DateTime64(6, 'UTC')} AND at < {to:DateTime64(6, 'UTC')} AND NOT is_void
                AND (workspace_id, toStartOfFifteenMinutes(at)) IN (SELECT entry.1, toDateTime(entry.2, 'UTC') FROM
                    (SELECT arrayJoin(arrayZip({workspaces:Array(UUID)}, {starts:Array(Int64)})) AS entry))
            GROUP BY workspace_id, slot, field, provider
        ) AS summed ON summed.workspace_id = marked.workspace_id AND summed.slot = marked.slot
        GROUP BY marked.workspace_id, marked.slot
        SETTINGS do_not_merge_across_partitions_select_final = 1
        """

    static let sumUpCalls: StaticString = """
        INSERT INTO call_sums (workspace_id, slot, version, is_changed, keep_until, `sums.field`, `sums.provider`, `sums.outcome`, `sums.milliseconds`, `sums.calls`)
        SELECT marked.workspace_id, marked.slot, any(marked.version), 0, if(max(has_rows) = 1, max(kept), any(marked.keep_until)), groupArrayIf(field, has_rows), groupArrayIf(called, has_rows), groupArrayIf(outcome, has_rows), groupArrayIf(milliseconds, has_rows), groupArrayIf(calls, has_rows)
        FROM (
            SELECT entry.1 AS workspace_id, toDateTime(entry.2, 'UTC') AS slot, fromUnixTimestamp64Micro(entry.3 + 1, 'UTC') AS version,
                toDateTime(entry.4) AS keep_until
            FROM (SELECT arrayJoin(arrayZip({workspaces:Array(UUID)}, {starts:Array(Int64)}, {versions:Array(Int64)}, {kept:Array(Int64)})) AS entry)
        ) AS marked LEFT JOIN (
            SELECT workspace_id, toStartOfDay(at) AS slot, field, called, outcome, milliseconds, toUInt8(1) AS has_rows, max(keep_until) AS kept, toInt64(count()) AS calls
            FROM enrichment FINAL
            ARRAY JOIN calls.provider AS called, calls.outcome AS outcome, calls.milliseconds AS milliseconds
            WHERE at >= {from:DateTime64(6, 'UTC')} AND at < {to:DateTime64(6, 'UTC')} AND NOT is_void
                AND (workspace_id, toStartOfDay(at)) IN (SELECT entry.1, toDateTime(entry.2, 'UTC') FROM
                    (SELECT arrayJoin(arrayZip({workspaces:Array(UUID)}, {starts:Array(Int64)})) AS entry))
            GROUP BY workspace_id, slot, field, called, outcome, milliseconds
        ) AS summed ON summed.workspace_id = marked.workspace_id AND summed.slot = marked.slot
        GROUP BY marked.workspace_id, marked.slot
        SETTINGS do_not_merge_across_partitions_select_final = 1
        """

    static let sumUpCredits: StaticString = """
        INSERT INTO credit_sums (workspace_id, slot, version, is_changed, keep_until, `sums.source`, `sums.provider`, `sums.transactions`, `sums.added`, `sums.spent`, `sums.refunded`, `sums.expired`)
        SELECT marked.workspace_id, marked.slot, any(marked.version), 0, if(max(has_rows) = 1, max(kept), any(marked.keep_until)), groupArrayIf(source, has_rows), groupArrayIf(provider, has_rows), groupArrayIf(transactions, has_rows), groupArrayIf(added, has_rows), groupArrayIf(spent, has_rows), groupArrayIf(refunded, has_rows), groupArrayIf(expired, has_rows)
        FROM (
            SELECT entry.1 AS workspace_id, toDateTime(entry.2, 'UTC') AS slot, fromUnixTimestamp64Micro(entry.3 + 1, 'UTC') AS version,
                toDateTime(entry.4) AS keep_until
            FROM (SELECT arrayJoin(arrayZip({workspaces:Array(UUID)}, {starts:Array(Int64)}, {versions:Array(Int64)}, {kept:Array(Int64)})) AS entry)
        ) AS marked LEFT JOIN (
            SELECT workspace_id, toStartOfFifteenMinutes(at) AS slot, source, provider, toUInt8(1) AS has_rows, max(keep_until) AS kept, toInt64(count()) AS transactions, sumIf(amount, type IN ('purchase', 'bonus')) AS added, sumIf(amount, type IN ('debit', 'capture')) AS spent, sumIf(amount, type = 'refund') AS refunded, sumIf(amount, type = 'expiry') AS expired
            FROM credits FINAL
            WHERE at >= {from:DateTime64(6, 'UTC')} AND at < {to:DateTime64(6, 'UTC')}
                AND (workspace_id, toStartOfFifteenMinutes(at)) IN (SELECT entry.1, toDateTime(entry.2, 'UTC') FROM
                    (SELECT arrayJoin(arrayZip({workspaces:Array(UUID)}, {starts:Array(Int64)})) AS entry))
            GROUP BY workspace_id, slot, source, provider
        ) AS summed ON summed.workspace_id = marked.workspace_id AND summed.slot = marked.slot
        GROUP BY marked.workspace_id, marked.slot
        SETTINGS do_not_merge_across_partitions_select_final = 1
        """

    static let sumEnrichmentSums: StaticString = """
        SELECT if(is_changed, toInt64(toUnixTimestamp(slot)), 0) AS changed,
            multiIf({grouping:String} = 'provider', toString(provider), {grouping:String} = 'field', toString(field), '') AS name,
            roundDown(if({isTime:UInt8} = 1, toInt64(toUnixTimestamp(slot)), 0), {bounds:Array(Int64)}) AS start, sum(records), sum(found),
            sum(cached), sum(not_found), sum(exhausted), sum(skipped), sum(failed), sum(cost)
        FROM enrichment_sums FINAL
        LEFT ARRAY JOIN sums.field AS field, sums.provider AS provider, sums.records AS records, sums.found AS found, sums.cached AS cached,
            sums.not_found AS not_found, sums.exhausted AS exhausted, sums.skipped AS skipped, sums.failed AS failed, sums.cost AS cost
        WHERE workspace_id = {workspace:UUID} AND slot >= {first:DateTime64(6, 'UTC')} AND slot < {last:DateTime64(6, 'UTC')}
            AND (is_changed OR (notEmpty(sums.field)
                AND ({provider:Nullable(String)} IS NULL OR provider = {provider:Nullable(String)})
                AND ({field:Nullable(String)} IS NULL OR field = {field:Nullable(String)})))
        GROUP BY changed, name, start LIMIT {limit:Int64}
        SETTINGS do_not_merge_across_partitions_select_final = 1
        """

    static let sumCreditSums: StaticString = """
        SELECT if(is_changed, toInt64(toUnixTimestamp(slot)), 0) AS changed,
            multiIf({grouping:String} = 'provider', toString(provider), {grouping:String} = 'source', toString(source), '') AS name,
            roundDown(if({isTime:UInt8} = 1, toInt64(toUnixTimestamp(slot)), 0), {bounds:Array(Int64)}) AS start, sum(transactions),
            sum(added), sum(spent), sum(refunded), sum(expired)
        FROM credit_sums FINAL
        LEFT ARRAY JOIN sums.source AS source, sums.provider AS provider, sums.transactions AS transactions, sums.added AS added,
            sums.spent AS spent, sums.refunded AS refunded, sums.expired AS expired
        WHERE workspace_id = {workspace:UUID} AND slot >= {first:DateTime64(6, 'UTC')} AND slot < {last:DateTime64(6, 'UTC')}
            AND (is_changed OR (notEmpty(sums.source)
                AND ({provider:Nullable(String)} IS NULL OR provider = {provider:Nullable(String)})
                AND ({source:Nullable(String)} IS NULL OR source = {source:Nullable(String)})))
        GROUP BY changed, name, start LIMIT {limit:Int64}
        SETTINGS do_not_merge_across_partitions_select_final = 1
        """

    static let countCallSums: StaticString = """
        SELECT if(is_changed, toInt64(toUnixTimestamp(slot)), 0) AS changed, toString(called), toString(outcome), milliseconds, sum(count)
        FROM call_sums FINAL
        LEFT ARRAY JOIN sums.field AS field, sums.provider AS called, sums.outcome AS outcome, sums.milliseconds AS milliseconds,
            sums.calls AS count
        WHERE workspace_id = {workspace:UUID} AND slot >= {first:DateTime64(6, 'UTC')} AND slot < {last:DateTime64(6, 'UTC')}
            AND (is_changed OR (notEmpty(sums.field)
                AND ({provider:Nullable(String)} IS NULL OR called = {provider:Nullable(String)})
                AND ({field:Nullable(String)} IS NULL OR field = {field:Nullable(String)})))
        GROUP BY changed, called, outcome, milliseconds LIMIT {limit:Int64}
        SETTINGS do_not_merge_across_partitions_select_final = 1
        """

    /// By quarters of an hour first, then by the last of the bounds that is not later: of these there are thousands, of rows millions.
    static let sumEnrichmentRows: StaticString = """
        SELECT toInt64(0), name, roundDown(slot, {bounds:Array(Int64)}) AS start, toInt64(sum(records)), toInt64(sum(found)), toInt64(sum(cached)),
            toInt64(sum(not_found)), toInt64(sum(exhausted)), toInt64(sum(skipped)), toInt64(sum(failed)), sum(costs)
        FROM (
            SELECT multiIf({grouping:String} = 'provider', toString(provider), {grouping:String} = 'field', toString(field), '') AS name,
                if({isTime:UInt8} = 1, intDiv(toUnixTimestamp64Micro(at), 900000000) * 900, 0) AS slot,
                countIf(is_first_field) AS records, countIf(status = 'found') AS found, countIf(status = 'cached') AS cached,
                countIf(status = 'not_found') AS not_found, countIf(status = 'exhausted') AS exhausted,
                countIf(status = 'skipped') AS skipped, countIf(status = 'failed') AS failed, sum(cost) AS costs
            FROM enrichment FINAL
            WHERE workspace_id = {workspace:UUID} AND at >= {from:DateTime64(6, 'UTC')} AND at < {to:DateTime64(6, 'UTC')} AND NOT is_void
                AND ({provider:Nullable(String)} IS NULL OR provider = {provider:Nullable(String)})
                AND ({field:Nullable(String)} IS NULL OR field = {field:Nullable(String)})
                AND ({job:Nullable(UUID)} IS NULL OR job_id = {job:Nullable(UUID)})
                AND ({isWhole:UInt8} = 1 OR at < {first:DateTime64(6, 'UTC')} OR at >= {last:DateTime64(6, 'UTC')}
                    OR toStartOfFifteenMinutes(at) IN (SELECT toDateTime(arrayJoin({changed:Array(Int64)}), 'UTC')))
            GROUP BY name, slot
        )
        GROUP BY name, start LIMIT {limit:Int64}
        SETTINGS do_not_merge_across_partitions_select_final = 1
        """

    static let sumCreditRows: StaticString = """
        SELECT toInt64(0), name, roundDown(slot, {bounds:Array(Int64)}) AS start, toInt64(sum(transactions)), sum(added), sum(spent), sum(refunded),
            sum(expired)
        FROM (
            SELECT multiIf({grouping:String} = 'provider', toString(provider), {grouping:String} = 'source', toString(source), '') AS name,
                if({isTime:UInt8} = 1, intDiv(toUnixTimestamp64Micro(at), 900000000) * 900, 0) AS slot, count() AS transactions,
                sumIf(amount, type IN ('purchase', 'bonus')) AS added, sumIf(amount, type IN ('debit', 'capture')) AS spent,
                sumIf(amount, type = 'refund') AS refunded, sumIf(amount, type = 'expiry') AS expired
            FROM credits FINAL
            WHERE workspace_id = {workspace:UUID} AND at >= {from:DateTime64(6, 'UTC')} AND at < {to:DateTime64(6, 'UTC')}
                AND ({provider:Nullable(String)} IS NULL OR provider = {provider:Nullable(String)})
                AND ({source:Nullable(String)} IS NULL OR source = {source:Nullable(String)})
                AND ({isWhole:UInt8} = 1 OR at < {first:DateTime64(6, 'UTC')} OR at >= {last:DateTime64(6, 'UTC')}
                    OR toStartOfFifteenMinutes(at) IN (SELECT toDateTime(arrayJoin({changed:Array(Int64)}), 'UTC')))
            GROUP BY name, slot
        )
        GROUP BY name, start LIMIT {limit:Int64}
        SETTINGS do_not_merge_across_partitions_select_final = 1
        """

    static let countCallRows: StaticString = """
        SELECT toInt64(0), toString(called), toString(outcome), milliseconds, toInt64(count())
        FROM enrichment FINAL
        ARRAY JOIN calls.provider AS called, calls.outcome AS outcome, calls.milliseconds AS milliseconds
        WHERE workspace_id = {workspace:UUID} AND at >= {from:DateTime64(6, 'UTC')} AND at < {to:DateTime64(6, 'UTC')} AND NOT is_void
            AND ({provider:Nullable(String)} IS NULL OR called = {provider:Nullable(String)})
            AND ({field:Nullable(String)} IS NULL OR field = {field:Nullable(String)})
            AND ({job:Nullable(UUID)} IS NULL OR job_id = {job:Nullable(UUID)})
            AND ({isWhole:UInt8} = 1 OR at < {first:DateTime64(6, 'UTC')} OR at >= {last:DateTime64(6, 'UTC')}
                OR toStartOfDay(at) IN (SELECT toDateTime(arrayJoin({changed:Array(Int64)}), 'UTC')))
        GROUP BY called, outcome, milliseconds LIMIT {limit:Int64}
        SETTINGS do_not_merge_across_partitions_select_final = 1
        """
}
