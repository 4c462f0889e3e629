import Foundation
import JSON
import Postgres
import TestSupport
import Testing

/// The clients of others, from scripts/install-test-clients.
enum Clients {
    static let folder = Project.root + "/.build/test-clients/bin"
    static let areHere =
        FileManager.default.fileExists(atPath: folder) || ProcessInfo.processInfo.environment["CI"] != nil
}

@Suite("Clients that others wrote", .enabled(if: Clients.areHere))
struct ClientTests {
    private func with(_ body: (_ socket: String, _ http: String, _ folder: String) async throws -> Void)
        async throws
    {
        try await withTemporaryFolder { folder in
            let daemon = try await ServedProcess.dev(in: folder)
            try await body(daemon.socket, daemon.http, folder)
            daemon.process.send(SIGTERM)
            #expect(await daemon.process.end() == 0)
        }
    }

    private func run(_ script: String, _ arguments: String...) async throws {
        let result = try await ServedProcess.run(
            Clients.folder + "/python",
            [Project.root + "/Tests/IntegrationTests/clients/" + script] + arguments)
        #expect(result.status == 0, "\(result.output)\(result.errors)")
    }

    @Test(
        "python-lsp-jsonrpc, jsonrpcclient, pjrpc and jsonrpclib call it; the validators accept its documents"
    )
    func clients() async throws {
        try await with { socket, http, _ in
            try await run("language_server.py", socket)
            try await run("lines.py", socket, ServedProcess.programs + "/rpcd")
            try await run("http_rpc.py", http)
            try await run("documents.py", http)
        }
    }

    @Test("schemathesis finds no answer that the OpenAPI document does not announce")
    func schemathesis() async throws {
        try await with { socket, http, folder in
            let client = try RawSocket(path: socket)
            let password = "correct horse battery"
            _ = try await client.call(
                "auth.register", #"{"email":"ada@example.org","password":"\#(password)","name":"Ada"}"#)
            let login = try await client.call(
                "auth.login", #"{"email":"ada@example.org","password":"\#(password)"}"#)
            let token = try #require(login["result"]?["accessToken"]?.string)
            let result = try await ServedProcess.run(
                Clients.folder + "/schemathesis",
                [
                    "run", "http://\(http)/api/v1/openapi.json", "--header", "Authorization: Bearer \(token)",
                    "--checks",
                    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance",
                    "--phases", "examples,coverage,fuzzing", "--max-examples", "15", "--seed", "7",
                ], in: folder)
            #expect(result.status == 0, "\(result.output.suffix(6000))\(result.errors)")
        }
    }

    @Test(
        "Mails go out by SMTP: with TLS, after a login, again when they are put off; a refused one is given up"
    )
    func mail() async throws {
        try await withTemporaryFolder { folder in
            let server = try ServedProcess(
                Clients.folder + "/python",
                [Project.root + "/Tests/IntegrationTests/clients/mail_server.py", folder])
            func told() async throws -> JSON {
                let line = try #require(try await server.stream.line(), "\(server.errors)")
                return try JSON.parse(Array(line))
            }
            let port = try #require(try await told()["port"]?.int64)
            let daemon = try await ServedProcess.dev(
                in: folder,
                environment: [
                    "RPCD_SMTP_URL": "smtp://rpcd:pass-word@localhost:\(port)", "RPCD_SMTP_TLS": "required",
                    "RPCD_SMTP_CA_FILE": folder + "/tls.crt", "RPCD_MAIL_FROM": "Größe <rpcd@example.org>",
                ])
            let owner = try SQLConsole(EmbeddedCluster.conninfo(directory: folder))
            let client = try RawSocket(path: daemon.socket)
            func register(_ name: String) async throws {
                let answer = try await client.call(
                    "auth.register",
                    #"{"email":"\#(name)@example.org","password":"correct horse battery","name":"N"}"#)
                #expect(answer["result"] != nil)
            }
            try await register("ada")
            #expect(try await told()["putOff"]?[0]?.string == "ada@example.org")
            while owner.run("SELECT FROM mails WHERE due_at > now() AND attempts = 1").rows.isEmpty {
                await Task.yield()
            }
            // A minute later.
            owner.run("UPDATE mails SET due_at = now()")
            let sent = try await told()
            #expect(
                sent["to"]?[0]?.string == "ada@example.org" && sent["sender"]?.string == "rpcd@example.org")
            #expect(sent["tls"]?.bool == true && sent["login"]?.bool == true)
            #expect(sent["subject"]?.string == "Confirm your email address")
            try await register("nobody")
            #expect(try await told()["refused"]?.string == "nobody@example.org")
            while owner.run("SELECT count(*) FROM mails").rows != [["0"]] { await Task.yield() }
            #expect(daemon.process.errors.contains("it is given up"))
            for secret in ["pass-word", "nobody@example.org"] {
                #expect(!daemon.process.errors.contains(secret))
            }
            daemon.process.send(SIGTERM)
            #expect(await daemon.process.end() == 0)
            server.stream.endWriting()
            #expect(await server.end() == 0, "\(server.errors)")
        }
    }
}
