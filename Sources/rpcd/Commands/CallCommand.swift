import ArgumentParser
import Glibc
import JSON

struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call", abstract: "Makes one call over the Unix socket and prints its result.",
        discussion: """
            Params are one JSON object or array, or key=value pairs whose value is JSON where it reads as such, else text:
                rpcd call workspaces.create name=Acme
                rpcd call system.ping '{"payload":[1,2,3]}'
            A token may be given by the variable RPCD_TOKEN, too, which no list of processes shows.
            Exit status: 0 for a result, 1 for an error, 2 when the daemon cannot be reached.
            """)

    @Argument(help: "As system.ping; `rpcd help METHOD` tells what it takes.", completion: methods)
    var method: String

    @Argument(help: ArgumentHelp("JSON, or key=value pairs.", valueName: "params"))
    var params: [String] = []

    @Option(help: "The daemon's socket: RPCD_SOCKET, .rpcd/rpcd.sock or /run/rpcd/rpcd.sock when left out.")
    var socket: String?

    @Option(help: "An access token. The operator needs none.")
    var token: String?

    @Option(help: "How long the call may take, in milliseconds.")
    var timeout: Int64?

    /// Only where completions are written: to declare all methods takes longer than a call.
    private static var methods: CompletionKind {
        guard CommandLine.arguments.contains(where: { $0.hasPrefix("--generate-completion-script") }) else {
            return .default
        }
        return .list((try? Daemon.declarations().methods.map(\.name)) ?? [])
    }

    func validate() throws { _ = try request() }

    func run() async throws {
        AccessToken.hide()
        // Beyond the time that the call may take nobody is waited for.
        let seconds = timeout.map { Int(min(max($0, 0), 86_400_000) / 1000) + 1 + CallCommand.graceSeconds }
        let result = try DaemonCall.result(
            of: request(), at: DaemonCall.socketPath(socket), within: seconds
        ) {
            StandardError.write($0.source + "\n")
        }
        print(result.source)
    }

    private static let graceSeconds = 5

    // MARK: the request

    /// - Throws: `ValidationError` for params that are neither.
    private func request() throws -> [UInt8] {
        let parsed = params.count == 1 ? try? JSON.parse(params[0], maxDepth: 512) : nil
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("jsonrpc")
        writer.string("2.0")
        writer.key("id")
        writer.int(1)
        writer.key("method")
        writer.string(method)
        writer.key("params")
        switch parsed?.kind {
        case .array?:
            guard metadata.isEmpty else {
                throw ValidationError("Give the params by name when there is a token or a timeout")
            }
            if let parsed { writer.value(parsed) }
        case .object?, nil: try writeMembers(parsed, to: &writer)
        default: throw ValidationError("Params are a JSON object or array, or key=value pairs")
        }
        writer.endObject()
        return writer.bytes
    }

    private func writeMembers(_ object: JSON?, to writer: inout JSONWriter) throws {
        writer.beginObject()
        if let object {
            for (key, value) in object.members {
                writer.key(key.string ?? "")
                writer.value(value)
            }
        } else {
            for pair in params {
                guard let equals = pair.firstIndex(of: "="), equals > pair.startIndex else {
                    throw ValidationError("'\(pair)' is neither JSON nor key=value")
                }
                writer.key(String(pair[..<equals]))
                let text = String(pair[pair.index(after: equals)...])
                if let json = try? JSON.parse(text, maxDepth: 512) {
                    writer.value(json)
                } else {
                    writer.string(text)
                }
            }
        }
        if !metadata.isEmpty {
            writer.key("_meta")
            writer.raw(metadata)
        }
        writer.endObject()
    }

    private var metadata: [UInt8] {
        let token = AccessToken.given(token)
        guard token != nil || timeout != nil else { return [] }
        return JSONWriter.object { writer in
            if let token {
                writer.key("token")
                writer.string(token)
            }
            if let timeout {
                writer.key("timeoutMs")
                writer.int(timeout)
            }
        }
    }
}
