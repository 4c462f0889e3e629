import Postgres
import Services

extension Settings {
    /// What `rpcd dev` serves with from this folder: its database, its keys, its socket.
    /// - Parameter user: of the database.
    mutating func useDevelopment(folder: String, as user: String = Tenancy.daemonRole) throws {
        let folder = try DevCommand.absolute(folder)
        databaseURL = EmbeddedCluster.conninfo(directory: folder, user: user)
        // There is nothing but this server.
        (directURL, fleet) = (nil, Fleet())
        jwtKeyFile = folder + "/jwt-key"
        masterKeyFile = folder + "/master-key"
        socket = folder + "/rpcd.sock"
        maildir = folder + "/mail"
        if !hasAnalytics {
            analytics.databaseURL = EmbeddedCluster.conninfo(directory: folder + "/analytics")
        }
    }
}
