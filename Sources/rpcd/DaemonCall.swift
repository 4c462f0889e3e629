import ArgumentParser
import Glibc
import JSON
import Transports

/// One call to a running daemon, over its socket.
enum DaemonCall {
    static let unreachable = ExitCode(2)
    /// Where `rpcd dev` serves, seen from the folder it was started in.
    private static let developmentSocket = ".rpcd/rpcd.sock"

    /// - Parameters:
    ///   - option: a path that was given.
    static func socketPath(_ option: String?) throws -> String {
        if let option { return option }
        let settings = try Settings.load()
        let isChosen = environmentVariables()["RPCD_SOCKET"] != nil
        let isHere = access(developmentSocket, F_OK) == 0
        return isHere && !isChosen ? developmentSocket : settings.socket
    }

    /// The result. An error is told on standard error, and ends the process with status 1; no daemon, with 2.
    /// - Parameters:
    ///   - request: one JSON-RPC request.
    ///   - seconds: for a daemon that says nothing; then it counts as lost. Without it there is no bound.
    ///   - onProgress: gets what the daemon tells meanwhile.
    static func result(
        of request: [UInt8], at path: String, within seconds: Int? = nil, onProgress: (JSON) -> Void
    ) throws -> JSON {
        let answer: JSON
        do {
            answer = try exchange(request, path, seconds, onProgress)
        } catch let error as SocketError {
            tellUnreachable(error)
            throw unreachable
        }
        if let error = answer["error"] {
            let envelope = error["data"]?["error"]
            let code = envelope?["code"]?.string ?? error["code"]?.source ?? ""
            StandardError.write("\(code): \(error["message"]?.string ?? "")\n")
            if let details = envelope?["details"] { StandardError.write(details.source + "\n") }
            throw ExitCode.failure
        }
        return try answer["result"] ?? JSON.parse("null")
    }

    /// The result, or nil where the daemon answers with an error.
    static func answer(to request: [UInt8], at path: String, within seconds: Int? = nil) throws -> JSON? {
        do {
            return try exchange(request, path, seconds) { _ in }["result"]
        } catch let error as SocketError {
            tellUnreachable(error)
            throw unreachable
        }
    }

    /// One request by name. Params without a value are left out.
    static func request(_ method: String, _ params: KeyValuePairs<String, String?>, token: String? = nil)
        -> [UInt8]
    {
        JSONWriter.object { writer in
            writer.key("jsonrpc")
            writer.string("2.0")
            writer.key("id")
            writer.int(1)
            writer.key("method")
            writer.string(method)
            writer.key("params")
            writer.beginObject()
            for (name, value) in params {
                guard let value else { continue }
                writer.key(name)
                writer.string(value)
            }
            if let token {
                writer.key("_meta")
                writer.beginObject()
                writer.key("token")
                writer.string(token)
                writer.endObject()
            }
            writer.endObject()
        }
    }

    static func tellUnreachable(_ error: SocketError) {
        let start = InPlaceOfUnit.isInstalled ? "systemctl start rpcd" : "rpcd dev"
        StandardError.write("rpcd: \(error)\nIs the daemon running? Start it with: \(start)\n")
    }

    /// After so long people begin to wonder.
    private static let wonderMs: Int32 = 5_000

    private static func exchange(
        _ request: [UInt8], _ path: String, _ seconds: Int?, _ onProgress: (JSON) -> Void
    ) throws -> JSON {
        let connection = try UnixSocketClient(path: path, timeoutSeconds: seconds)
        try connection.send(request + [UInt8(ascii: "\n")])
        if !connection.isAnswered(withinMs: wonderMs) {
            let look = InPlaceOfUnit.isInstalled ? "systemctl status rpcd" : "its terminal"
            StandardError.write(
                "rpcd: \(path) has taken the call, and there is no answer yet. Does the daemon start? See \(look)\n"
            )
        }
        while let line = try connection.line() {
            let message = try JSON.parse(line, maxDepth: 512)
            guard message["id"] == nil else { return message }
            onProgress(message)
        }
        throw SocketError.closed(path)
    }
}

/// What a command that calls shows for its caller.
enum AccessToken {
    static let variable = "RPCD_TOKEN"

    /// - Parameter option: what was given as an argument.
    static func given(_ option: String?) -> String? { option ?? environmentVariables()[variable] }

    /// Arguments can be read by every user of the host, as long as they stand where the kernel looks for them.
    static func hide() {
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let argument = CommandLine.unsafeArgv[index] else { continue }
            let isInside = strncmp(argument, "--token=", 8) == 0
            let isNext = strcmp(argument, "--token") == 0 && index + 1 < Int(CommandLine.argc)
            let secret = isInside ? argument + 8 : isNext ? CommandLine.unsafeArgv[index + 1] : nil
            if let secret { memset(secret, Int32(UInt8(ascii: "*")), strlen(secret)) }
        }
    }
}
