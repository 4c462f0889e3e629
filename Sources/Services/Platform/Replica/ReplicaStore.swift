import Postgres

extension Replica {
    /// How far the log has been written, in bytes; a commit is answered after that.
    static let getWritten = Statement("SELECT (pg_current_wal_lsn() - '0/0')::bigint") {
        try $0.get(0, as: Int64.self)
    }

    /// How far the log of the primary has been replayed; `nil` where none is.
    static let getReplayed = Statement(
        "SELECT CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0')::bigint END"
    ) { try $0.getOptional(0, as: Int64.self) }
}
