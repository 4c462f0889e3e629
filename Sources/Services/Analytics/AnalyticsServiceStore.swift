import Postgres

extension AnalyticsService {
    static let getSystemIdentifier = Statement(
        "SELECT system_identifier::text FROM pg_control_system()"
    ) { try $0.get(0, as: String.self) }

    /// Where the server of this session listens; null by a Unix socket.
    static let getAddress = Statement("SELECT host(inet_server_addr()), inet_server_port()::bigint") {
        (host: try $0.getOptional(0, as: String.self), port: try $0.getOptional(1, as: Int64.self))
    }
}
