import Egress
import Postgres

/// What is loaded when it is first needed, and has to be there for whatever does more than call a daemon.
enum Libraries {
    /// - Throws: what to install, where one cannot be loaded: else the settings that they read would seem wrong.
    static func require() throws(CommandFailure) {
        for (isThere, library, package) in [
            (ConnectionString.canBeRead, "libpq.so.5", "libpq5"),
            (HTTPClient.canBeMade, "libcurl.so.4", "libcurl4"),
        ] where !isThere {
            throw CommandFailure("\(library) cannot be loaded: apt-get install --reinstall \(package)")
        }
    }
}
