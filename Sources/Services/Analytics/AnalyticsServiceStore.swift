import Postgres

extension AnalyticsService {
    static let getSystemIdentifier = Statement(
        "SELECT system_identifier::text FROM pg_control_system()"
    ) { try $0.get(0, as: String.self) }
}
