import Identifiers
import Postgres

/// What a database tells of itself to anybody.
struct DatabaseFacts: Sendable {
    let versionNumber: Int64
    let version: String
    let database: String
    let user: String
    let encoding: String
    /// That anybody but a superuser may have.
    let connections: Int64
    let isStandby: Bool
    let clock: Timestamp
    let collation: String

    static let get = Statement(
        """
        SELECT current_setting('server_version_num')::bigint, current_setting('server_version'), d.datname::text, current_user::text,
            pg_encoding_to_char(d.encoding)::text,
            least(current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint,
                CASE WHEN d.datconnlimit >= 0 THEN d.datconnlimit ELSE 1000000 END,
                CASE WHEN r.rolconnlimit >= 0 THEN r.rolconnlimit ELSE 1000000 END)::bigint,
            pg_is_in_recovery(), clock_timestamp(), d.datcollate::text
        FROM pg_database d, pg_roles r WHERE d.datname = current_database() AND r.rolname = current_user
        """
    ) {
        DatabaseFacts(
            versionNumber: try $0.get(0), version: try $0.get(1), database: try $0.get(2),
            user: try $0.get(3),
            encoding: try $0.get(4), connections: try $0.get(5), isStandby: try $0.get(6),
            clock: try $0.get(7), collation: try $0.get(8))
    }

    /// Which of the roles are there that the migrations make.
    static let listRoles = Statement(
        "SELECT rolname::text FROM pg_roles WHERE rolname IN ('rpcd_daemon', 'rpcd_maintenance') ORDER BY rolname LIMIT 2"
    ) { try $0.get(0, as: String.self) }

    /// Whether this session may become who looks after all workspaces.
    static let mayMaintain = Statement(
        """
        SELECT coalesce(bool_or(pg_has_role(current_user, oid, 'MEMBER')), false) FROM pg_roles
        WHERE rolname = 'rpcd_maintenance'
        """
    ) { try $0.get(0, as: Bool.self) }
}

/// What ClickHouse tells of itself.
enum ClickHouseFacts {
    static let clock: StaticString = "SELECT toInt64(toUnixTimestamp64Micro(now64(6)))"
}
