import Identifiers
import Postgres

extension StandingCache {
    /// Whose standing the transaction has changed so far: triggers note it.
    static let listChanged = Statement("SELECT current_setting('rpcd.standing', true)") {
        try $0.getOptional(0, as: String.self)
    }
}
