import Postgres

extension AnalyticsService {
    static let getSystemIdentifier = Statement(
        "SELECT system_identifier::text FROM pg_control_system()"
    ) { try $0.get(0, as: String.self) }

    /// Where the server of this session listens; null by a Unix socket.
    /// By a Unix socket, where it listens beside that.
    static let getAddress = Statement(
        """
        SELECT coalesce(host(inet_server_addr()), CASE WHEN current_setting('listen_addresses') <> '' THEN '127.0.0.1' END),
            coalesce(inet_server_port()::bigint, current_setting('port')::bigint)
        """
    ) {
        (host: try $0.getOptional(0, as: String.self), port: try $0.getOptional(1, as: Int64.self))
    }
}
