import Postgres

/// What a report tells of the database: no row of anybody, and of statements only their shape.
enum BugReportFacts {
    static let listSettings = Statement(
        """
        SELECT name, setting, coalesce(unit, ''), source FROM pg_settings WHERE name = ANY (ARRAY[
            'autovacuum', 'autovacuum_max_workers', 'autovacuum_naptime', 'autovacuum_vacuum_scale_factor', 'checkpoint_completion_target',
            'checkpoint_timeout', 'deadlock_timeout', 'default_transaction_isolation', 'default_transaction_read_only', 'effective_cache_size',
            'effective_io_concurrency', 'enable_seqscan', 'fsync', 'full_page_writes', 'hot_standby', 'huge_pages',
            'idle_in_transaction_session_timeout', 'idle_session_timeout', 'jit', 'lc_collate', 'lock_timeout', 'maintenance_work_mem',
            'max_connections', 'max_locks_per_transaction', 'max_parallel_workers', 'max_wal_senders', 'max_wal_size', 'max_worker_processes',
            'min_wal_size', 'password_encryption', 'random_page_cost', 'server_encoding', 'server_version', 'shared_buffers', 'ssl',
            'statement_timeout', 'superuser_reserved_connections', 'synchronous_commit', 'tcp_keepalives_idle', 'track_io_timing',
            'wal_buffers', 'wal_level', 'work_mem', 'TimeZone'])
        ORDER BY name LIMIT 100
        """
    ) {
        "\(try $0.get(0, as: String.self))\t\(try $0.get(1, as: String.self))\(try $0.get(2, as: String.self))\t\(try $0.get(3, as: String.self))"
    }

    static let listTables = Statement(
        """
        SELECT relname::text, pg_total_relation_size(relid)::bigint, n_live_tup::bigint, n_dead_tup::bigint,
            coalesce(greatest(last_vacuum, last_autovacuum)::text, 'never'), coalesce(greatest(last_analyze, last_autoanalyze)::text, 'never')
        FROM pg_stat_user_tables ORDER BY 2 DESC, 1 LIMIT 200
        """
    ) {
        "\(try $0.get(0, as: String.self))\t\(try $0.get(1, as: Int64.self))\t\(try $0.get(2, as: Int64.self))\t\(try $0.get(3, as: Int64.self))\t\(try $0.get(4, as: String.self))\t\(try $0.get(5, as: String.self))"
    }

    struct Activity: Sendable {
        let pid: Int64
        let state: String
        let wait: String
        let seconds: Int64
        let blockedBy: [Int64]
        let query: String
    }

    /// What runs or waits; of others' sessions only as much as this role may see.
    static let listActivity = Statement(
        """
        SELECT pid::bigint, coalesce(state, ''), coalesce(wait_event_type || '/' || wait_event, ''),
            coalesce(extract(epoch FROM now() - coalesce(xact_start, query_start)), 0)::bigint, pg_blocking_pids(pid)::bigint[],
            coalesce(query, '')
        FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND coalesce(state, '') <> 'idle'
        ORDER BY coalesce(xact_start, query_start), pid LIMIT 200
        """
    ) {
        Activity(
            pid: try $0.get(0), state: try $0.get(1), wait: try $0.get(2), seconds: try $0.get(3),
            blockedBy: try $0.get(4, as: IntegerArray.self).values, query: try $0.get(5))
    }
}
