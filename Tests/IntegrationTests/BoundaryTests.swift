import Foundation
import Glibc
import JSON
import Postgres
import RPC
import TestSupport
import Testing

@testable import rpcd

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A way to a running daemon: a method, its params and a token go in, an error code or nothing comes out.
private protocol Way {
    var name: String { get }
    func ask(_ method: RPC.Method, _ params: [String: String], token: String?) async throws -> String?
}

/// JSON-RPC on the Unix socket, as a user of the host who is not the operator.
private final class SocketWay: Way {
    let name = "socket"
    private let process: ServedProcess

    /// Carries its standard input and output to a socket. A process of its own, because the kernel tells the daemon whose it is.
    private static let bridge = """
        my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "no socket";
        my $all = IO::Select->new($s, \\*STDIN);
        while (1) { for my $from ($all->can_read) {
            my $n = sysread($from, my $bytes, 65536) or exit;
            my $to = $from == $s ? \\*STDOUT : $s; syswrite($to, $bytes) == $n or exit;
        } }
        """

    init(_ path: String) throws {
        process = try ServedProcess(
            "/usr/bin/setpriv",
            [
                "--reuid=65534", "--regid=65534", "--clear-groups", "--", "/usr/bin/perl",
                "-MIO::Socket::UNIX",
                "-MIO::Select", "-e", SocketWay.bridge, path,
            ])
    }

    func ask(_ method: RPC.Method, _ params: [String: String], token: String?) async throws -> String? {
        var members = params.map { #""\#($0)":\#($1)"# }
        if let token { members.append(#""_meta":{"token":"\#(token)"}"#) }
        try await process.stream.send(
            #"{"jsonrpc":"2.0","id":1,"method":"\#(method.name)","params":{\#(members.joined(separator: ","))}}"#
                + "\n")
        let line = try #require(try await process.stream.line(), "\(process.errors)")
        return try JSON.parse(Array(line))["error"]?["data"]?["error"]?["code"]?.string
    }
}

/// The routes of the HTTP adapter.
private final class HTTPWay: Way {
    let name = "HTTP"
    private let address: String
    private let session = URLSession(configuration: .ephemeral)

    init(_ address: String) {
        self.address = address
    }

    /// Of params that are strings and need no escape.
    private static func query(_ params: [String: String]) -> String {
        let pairs = params.map { "\($0)=\($1.hasPrefix("\"") ? String($1.dropFirst().dropLast()) : $1)" }
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }

    func ask(_ method: RPC.Method, _ params: [String: String], token: String?) async throws -> String? {
        // What has no route, or one for the operator, is tried as raw JSON-RPC.
        guard let route = method.route, method.role != .operator else {
            let body = #"{"jsonrpc":"2.0","id":1,"method":"\#(method.name)","params":{\#(members(params))}}"#
            let json = try await send("POST", "/rpc", body, token)
            return json["error"]?["data"]?["error"]?["code"]?.string
        }
        var rest = params
        let path = route.segments.reduce("") { path, segment in
            switch segment {
            case .literal(let text): return path + "/" + text
            case .param(let name):
                let value = rest.removeValue(forKey: name) ?? "\"x\""
                return path + "/" + value.dropFirst().dropLast()
            }
        }
        let hasBody = route.verb != .get && route.verb != .delete
        let query = hasBody ? "" : HTTPWay.query(rest)
        let json = try await send(
            route.verb.rawValue, path + query, hasBody ? "{\(members(rest))}" : nil, token)
        return json["error"]?["code"]?.string
    }

    private func members(_ params: [String: String]) -> String {
        params.map { #""\#($0)":\#($1)"# }.joined(separator: ",")
    }

    private func send(_ verb: String, _ path: String, _ body: String?, _ token: String?) async throws -> JSON
    {
        var request = URLRequest(url: try #require(URL(string: "http://\(address)/api/v1\(path)")))
        request.httpMethod = verb
        if let body {
            request.httpBody = Data(body.utf8)
            request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        }
        if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
        let (data, _) = try await session.data(for: request)
        return try JSON.parse(Array(data), maxDepth: 512)
    }
}

private enum Somebody: String, CaseIterable {
    case anonymous, outsider, viewer, member, admin, owner, disabled, viewerKey, memberKey, adminKey, ownerKey

    var role: Role {
        switch self {
        case .anonymous, .disabled: .public
        case .outsider: .user
        case .viewer, .viewerKey: .viewer
        case .member, .memberKey: .member
        case .admin, .adminKey: .admin
        case .owner, .ownerKey: .owner
        }
    }

    var isKey: Bool { rawValue.hasSuffix("Key") }
}

@Suite("What keeps callers apart, in a running daemon", .enabled(if: geteuid() == 0))
struct BoundaryTests {
    /// A workspace with one of each, made by the operator's connection.
    private struct Cast {
        let operatorSocket: RawSocket
        let workspace: String
        var tokens: [Somebody: String] = [:]
        var foreign: [String: String] = [:]

        init(_ socketPath: String, _ owner: SQLConsole) async throws {
            operatorSocket = try RawSocket(path: socketPath)
            let connection = operatorSocket
            func call(_ method: String, _ params: String) async throws -> JSON {
                let answer = try await connection.call(method, params)
                return try #require(answer["result"], "\(method): \(answer.source)")
            }
            func account(_ name: String) async throws -> (id: String, token: String) {
                let identity = #""email":"\#(name)@example.org","password":"correct horse battery""#
                let user = try await call("auth.register", #"{\#(identity),"name":"N"}"#)
                let login = try await call("auth.login", "{\(identity)}")
                return (
                    try #require(user["id"]?.string), try #require(login["accessToken"]?.string)
                )
            }
            tokens[.owner] = try await account("owner").token
            let made = try await call("workspaces.create", #"{"name":"W","ownerEmail":"owner@example.org"}"#)
            workspace = try #require(made["id"]?.string)
            let w = #""workspaceId":"\#(workspace)""#
            for role in [Somebody.viewer, .member, .admin] {
                let user = try await account(role.rawValue)
                tokens[role] = user.token
                foreign["userId"] = user.id
                _ = try await call(
                    "members.add", #"{\#(w),"email":"\#(role)@example.org","role":"\#(role)"}"#)
            }
            tokens[.outsider] = try await account("outsider").token
            // His keys go with him: they are made by the operator.
            for key in Somebody.allCases where key.isKey {
                let made = try await call("apiKeys.create", #"{\#(w),"name":"k","role":"\#(key.role.name)"}"#)
                tokens[key] = try #require(made["secret"]?.string)
                foreign["apiKeyId"] = made["id"]?.string
            }
            let disabled = try await account("disabled")
            tokens[.disabled] = disabled.token
            _ = try await call("admin.users.disable", #"{"userId":"\#(disabled.id)"}"#)
            foreign["invitationId"] = try await call(
                "invitations.create", #"{\#(w),"email":"x@example.org","role":"viewer"}"#)["id"]?.string
            _ = try await call("billing.addCredits", #"{\#(w),"amount":1000,"type":"bonus"}"#)
            foreign["transactionId"] = try await call("billing.debit", #"{\#(w),"amount":10}"#)["id"]?.string
            foreign["holdId"] = try await call("billing.holds.create", #"{\#(w),"amount":10}"#)["id"]?.string
            _ = try await call(
                "records.bulkUpsert", #"{\#(w),"records":[{"externalId":"r","fields":{"city":"Rome"}}]}"#)
            foreign["recordId"] = try await call("records.list", "{\(w)}")["items"]?[0]?["id"]?.string
            foreign["credentialId"] = try await call(
                "credentials.create", #"{\#(w),"provider":"p","key":"k"}"#)["id"]?.string
            foreign["jobId"] = try await call(
                "jobs.create",
                #"{\#(w),"all":true,"fields":[{"name":"email","providers":["sim-steady"]}],"keys":"own"}"#)[
                    "id"]?
                .string
            foreign["webhookId"] = try await call(
                "webhooks.create", #"{\#(w),"url":"https://hooks.invalid/","events":["job.failed"]}"#)["id"]?
                .string
            let delivery = owner.run(
                """
                INSERT INTO webhook_deliveries (webhook_id, workspace_id, event_id, type, payload, status, due_at)
                SELECT id, workspace_id, gen_random_uuid(), 'job.failed', '{}', 'failed', now() FROM webhooks RETURNING id
                """)
            foreign["deliveryId"] = delivery.rows.first?.first ?? nil
        }

        func everything() async throws -> [String] {
            var lists: [String] = []
            for method in [
                "workspaces.get", "members.list", "apiKeys.list", "invitations.list", "credentials.list",
                "records.list",
                "webhooks.list",
            ] {
                lists.append(
                    try await operatorSocket.call(method, #"{"workspaceId":"\#(workspace)"}"#)["result"]?
                        .source
                        ?? "")
            }
            return lists
        }
    }

    @Test("Every method × every caller × socket and HTTP; every foreign id × every method that takes one")
    func matrices() async throws {
        try await withTemporaryFolder { folder in
            let daemon = try await ServedProcess.dev(in: folder)
            chmod(folder, 0o755)
            chmod(daemon.socket, 0o666)
            let cast = try await Cast(
                daemon.socket, SQLConsole(EmbeddedCluster.conninfo(directory: folder)))
            let ways: [any Way] = [try SocketWay(daemon.socket), HTTPWay(daemon.http)]
            let methods = try Daemon.declarations().methods
            var cells = 0
            for way in ways {
                // What would end the cast is for the role matrix in process.
                for method in methods where method.name != "workspaces.delete" {
                    for somebody in Somebody.allCases {
                        let params = method.takesWorkspace ? ["workspaceId": "\"\(cast.workspace)\""] : [:]
                        let code = try await way.ask(method, params, token: cast.tokens[somebody])
                        let cell: Comment = "\(method.name) as \(somebody) by \(way.name): \(code ?? "OK")"
                        // What needs no database is refused without asking it whether the account is shut out.
                        let isUnasked =
                            somebody == .disabled
                            && ["system.metrics", "admin.pause", "admin.resume"].contains(method.name)
                        if somebody.role >= method.role, !somebody.isKey || method.admitsAPIKeys {
                            #expect(code != "AUTHORIZATION_ERROR" && code != "INTERNAL_ERROR", cell)
                        } else if somebody.role == .public, !isUnasked {
                            #expect(code == "AUTHENTICATION_ERROR", cell)
                        } else {
                            #expect(code == "AUTHORIZATION_ERROR", cell)
                        }
                        cells += 1
                    }
                }
            }
            print("role matrix: \(cells) cells")
            #expect(cells == ways.count * (methods.count - 1) * Somebody.allCases.count)

            let before = try await cast.everything()
            var foreignCells = 0
            let outsider = cast.tokens[.outsider]
            let create = try #require(methods.first { $0.name == "workspaces.create" })
            #expect(try await ways[0].ask(create, ["name": "\"Mine\""], token: outsider) == nil)
            let list = try await cast.operatorSocket.call(
                "workspaces.list", #"{"_meta":{"token":"\#(outsider ?? "")"}}"#)
            let mine = try #require(list["result"]?["items"]?[0]?["id"]?.string)
            for way in ways {
                for method in methods where method.takesWorkspace && method.role != .operator {
                    for param in method.params where param.name != "workspaceId" {
                        guard case .string(_, "uuid", _) = param.schema else { continue }
                        let id = try #require(cast.foreign[param.name], "nothing foreign for \(param.name)")
                        var params = ["workspaceId": "\"\(mine)\"", param.name: "\"\(id)\""]
                        if method.params.contains(where: { $0.name == "role" }) {
                            params["role"] = "\"viewer\""
                        }
                        if method.params.contains(where: { $0.name == "amount" }) { params["amount"] = "1" }
                        let code = try await way.ask(method, params, token: outsider)
                        #expect(code == "NOT_FOUND", "\(method.name) \(param.name) by \(way.name)")
                        foreignCells += 1
                    }
                }
            }
            print("cross-tenant matrix: \(foreignCells) cells")
            #expect(foreignCells >= 14)
            #expect(try await cast.everything() == before)
            daemon.process.send(SIGTERM)
            #expect(await daemon.process.end() == 0)
        }
    }
}
