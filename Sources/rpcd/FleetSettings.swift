import Postgres
import Services

extension Settings {
    /// How the database is reached where there is more of it than one server.
    struct Fleet {
        var pooling = Pooling.none
        var replicaURL: String?
        var mostLagSeconds: Int64 = 10
    }

    static let ofFleet: [Declaration] = [
        Declaration(
            key: "RPCD_DATABASE_POOLER", takes: "transaction or none", standard: "none",
            summary:
                "whether RPCD_DATABASE_URL and RPCD_DATABASE_REPLICA_URL lead through a pooler that gives each transaction another session, as PgBouncer with pool_mode=transaction; then RPCD_DATABASE_DIRECT_URL is needed"
        ) {
            $0.fleet.pooling = $1 == "transaction" ? .transaction : .none
            return $1 == "transaction" || $1 == "none"
        },
        Declaration(
            key: "RPCD_DATABASE_REPLICA_URL", takes: "a libpq connection string or URL", standard: nil,
            summary:
                "a standby of the database, for lists that may lag; who has changed something sees it all the same",
            isSecret: true
        ) {
            $0.fleet.replicaURL = $1
            return !$1.isEmpty
        },
        Declaration(
            key: "RPCD_REPLICA_MAX_LAG", takes: "a number of seconds from 1 to 3600", standard: "10",
            summary: "farther behind the replica serves nobody, and lists are read from the primary"
        ) {
            guard let seconds = Int64($1), (1...3600).contains(seconds) else { return false }
            $0.fleet.mostLagSeconds = seconds
            return true
        },
    ]

    /// What calls are served from.
    func server() throws(SettingError) -> Server {
        guard let conninfo = databaseURL else {
            throw SettingError("RPCD_DATABASE_URL", got: nil, takes: "a libpq connection string or URL")
        }
        guard fleet.pooling == .none || directURL != nil else {
            throw SettingError(
                "RPCD_DATABASE_DIRECT_URL", got: nil,
                takes: "the database without the pooler, where RPCD_DATABASE_POOLER=transaction")
        }
        return Server(conninfo, pooling: fleet.pooling)
    }

    /// What lists are read from, where that is set.
    func replica() -> Replica? {
        fleet.replicaURL.map { conninfo in
            Replica(
                Pool(PoolConfiguration(server: Server(conninfo, pooling: fleet.pooling), size: poolSize)),
                mostLagSeconds: fleet.mostLagSeconds)
        }
    }
}
