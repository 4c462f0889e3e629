import Cryptography
import RPC
import Systemd
import Transports

/// What a daemon serves on.
struct DaemonServers {
    let sockets: [UnixSocketServer]
    let http: [HTTPServer]
    let admin: [HTTPServer]

    /// Each with its transport, as the ready line and the metrics tell them.
    var places: [(transport: String, address: String)] {
        sockets.map { ("socket", $0.address) } + http.map { ("http", $0.address) }
            + admin.map { ("admin", $0.address) }
    }

    /// All of them at once: see ``UnixSocketServer/drain(within:)``.
    func drain(withinMs milliseconds: Int64) async {
        await withTaskGroup { group in
            for server in sockets {
                group.addTask { await server.drain(within: .milliseconds(milliseconds)) }
            }
            for server in http + admin {
                group.addTask { await server.drain(within: .milliseconds(milliseconds)) }
            }
        }
    }
}

extension ActivatedSocket {
    /// A socket that is named so is the operator's own listener.
    var isForAdministration: Bool { name == "admin" }

    /// A socket that is named so is HTTP's whatever its family; without a name the family tells.
    var isForHTTP: Bool { name == "http" || family != .unix }
}

extension Daemon {
    /// Serves on every socket that the service manager hands over; where it hands over none of a kind, on the one that the settings name.
    func startServers(_ activated: [ActivatedSocket]) async throws -> DaemonServers {
        let operators = UnixSocketServer.Operators(additional: settings.operatorUIDs)
        var sockets: [UnixSocketServer] = []
        var http: [HTTPServer] = []
        var admin: [HTTPServer] = []
        for socket in activated where socket.isListening {
            if socket.isForAdministration {
                admin.append(
                    try await .start(
                        descriptor: socket.descriptor, dispatcher, administration(), gate: gate, on: httpGroup
                    ))
            } else if socket.isForHTTP {
                http.append(
                    try await .start(
                        descriptor: socket.descriptor, dispatcher, settings.http, gate: gate, on: httpGroup))
            } else {
                sockets.append(
                    try await .start(
                        descriptor: socket.descriptor, dispatcher, operators: operators, gate: gate, on: group
                    ))
            }
        }
        if sockets.isEmpty {
            sockets.append(
                try await .start(
                    at: settings.socket, dispatcher, operators: operators, gate: gate, on: group))
        }
        if http.isEmpty, let (host, port) = Settings.hostAndPort(settings.httpListen) {
            http.append(
                try await .start(
                    host: host, port: port, dispatcher, settings.http, gate: gate, on: httpGroup))
        }
        if admin.isEmpty, let (host, port) = Settings.hostAndPort(settings.adminListen) {
            admin.append(
                try await .start(
                    host: host, port: port, dispatcher, administration(), gate: gate, on: httpGroup))
        }
        return DaemonServers(sockets: sockets, http: http, admin: admin)
    }

    /// On the operator's own listener his token is asked of every request.
    private func administration() throws -> HTTPOptions {
        let token = try KeyFiles.operatorToken(settings)
        var options = settings.http
        options.isOperatorToken = { candidate in
            token.withUnsafeBytes { constantTimeEqual(Array($0), Array(candidate.utf8)) }
        }
        return options
    }
}
