import Foundation
import Glibc
import JSON
import Postgres
import TestSupport
import Testing

@Suite("Webhooks of a running daemon", .enabled(if: Clients.areHere))
struct WebhookTests {
    /// A simulator, a daemon that may call it, and a workspace with a webhook there.
    private final class Scene {
        let folder: String
        let simulator: ServedProcess
        let sink: String
        private(set) var daemon: (process: ServedProcess, socket: String, http: String)
        private var client: RawSocket
        private(set) var workspace = ""

        private let environment: [String: String]

        init(in folder: String, environment: [String: String] = [:]) async throws {
            self.folder = folder
            self.environment = environment
            simulator = try ServedProcess("rpcd-provider-sim", ["--until-input-ends"])
            sink = String(try await simulator.readyLine().dropFirst("ready http=".count))
            daemon = try await Scene.start(in: folder, allowing: sink, environment)
            client = try RawSocket(path: daemon.socket)
            _ = try await client.call(
                "auth.register",
                #"{"email":"ada@example.org","password":"correct horse battery","name":"Ada"}"#)
            let made = try await client.call(
                "workspaces.create", #"{"name":"Acme","ownerEmail":"ada@example.org"}"#)
            workspace = try #require(made["result"]?["id"]?.string)
            try await call("billing.addCredits", #""amount":1010,"type":"bonus""#)
        }

        private static func start(
            in folder: String, allowing sink: String, _ environment: [String: String]
        ) async throws -> (process: ServedProcess, socket: String, http: String) {
            try await ServedProcess.dev(
                in: folder, environment: environment.merging(["RPCD_EGRESS_ALLOW": sink]) { $1 })
        }

        /// As a crash would.
        func killAndRestart() async throws {
            daemon.process.send(SIGKILL)
            await daemon.process.end()
            daemon = try await Scene.start(in: folder, allowing: sink, environment)
            client = try RawSocket(path: daemon.socket)
        }

        @discardableResult
        func call(_ method: String, _ rest: String) async throws -> JSON {
            let answer = try await client.call(method, #"{"workspaceId":"\#(workspace)",\#(rest)}"#)
            return try #require(answer["result"], "\(method): \(answer.source)")
        }

        func setHook(_ behaviour: String) async throws {
            let result = try await ServedProcess.run(
                "/usr/bin/curl", ["-sS", "-X", "PUT", "http://\(sink)/control/hooks/h", "-d", behaviour])
            #expect(result.status == 0 && !result.output.contains("error"), "\(result)")
        }

        /// Waits until the hook has so many, and gives what a library of others says of each: how many signatures, which secrets fit, id, type.
        func verified(_ count: Int, _ secrets: String...) async throws -> [[String]] {
            while try await received().count < count { await Task.yield() }
            let result = try await ServedProcess.run(
                Clients.folder + "/python",
                [Project.root + "/Tests/IntegrationTests/clients/webhooks.py", sink, "h"] + secrets)
            try #require(result.status == 0, "\(result.errors)")
            return result.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        }

        func received() async throws -> [JSON] {
            let result = try await ServedProcess.run(
                "/usr/bin/curl", ["-sS", "http://\(sink)/control/hooks/h"])
            return Array(try JSON.parse(result.output)["deliveries"]?.elements ?? JSON.parse("[]").elements)
        }

        func end() async {
            for process in [daemon.process, simulator] {
                process.send(SIGTERM)
                #expect(await process.end() == 0, "\(process.errors)")
            }
        }
    }

    @Test(
        "standardwebhooks accepts what is received, after a rotation, too; what a killed daemon sent comes again under its id"
    )
    func received() async throws {
        try await withTemporaryFolder { folder in
            let scene = try await Scene(in: folder)
            let webhook = try await scene.call(
                "webhooks.create", #""url":"http://\#(scene.sink)/hooks/h","events":["credits.low"]"#)
            let id = try #require(webhook["id"]?.string)
            let first = try #require(webhook["secret"]?.string)
            try await scene.call("billing.debit", #""amount":20"#)
            #expect(
                try await scene.verified(1, first).map { [$0[0], $0[1], $0[3]] } == [
                    ["1", "y", "credits.low"]
                ])
            try await verifyByShell(try await scene.received()[0], first)

            let rotated = try await scene.call("webhooks.rotateSecret", #""webhookId":"\#(id)""#)
            let second = try #require(rotated["secret"]?.string)
            let test = try await scene.call("webhooks.test", #""webhookId":"\#(id)""#)
            #expect(test["delivered"]?.bool == true)
            let both = try await scene.verified(2, first, second)
            #expect(both.map { $0[0] + $0[1] } == ["1yn", "2yy"] && both[1][3] == "webhook.test")

            try await scene.setHook(#"{"faults":{"hang":1}}"#)
            try await scene.call("billing.debit", #""amount":900"#)
            _ = try await scene.verified(3, first, second)
            try await scene.killAndRestart()
            // Two minutes later.
            let owner = try SQLConsole(EmbeddedCluster.conninfo(directory: folder))
            #expect(owner.run("UPDATE webhooks SET leased_until = now(), due_at = now()").affected == 1)
            try await scene.setHook("{}")
            let again = try await scene.verified(4, first, second)
            #expect(again.map { $0[0] + $0[1] } == ["1yn", "2yy", "2yy", "2yy"])
            #expect(again[2][2] == again[3][2] && Set(again.map { $0[2] }).count == 3)
            while owner.run("SELECT FROM webhook_deliveries WHERE status <> 'delivered'").rows.count > 0 {
                await Task.yield()
            }
            await scene.end()
        }
    }

    @Test(
        "What is sent of an event bears its place in a trace, which goes by the event's id; a collector gets it"
    )
    func traces() async throws {
        try await withTemporaryFolder { folder in
            let collector = try ServedProcess(
                "/usr/bin/env", ["python3", Project.root + "/Tests/IntegrationTests/clients/collector.py"])
            let port = try await collector.readyLine().dropFirst("ready ".count)
            let scene = try await Scene(
                in: folder,
                environment: ["RPCD_OTLP_ENDPOINT": "http://127.0.0.1:\(port)", "RPCD_OTLP_RATIO": "1"])
            _ = try await scene.call(
                "webhooks.create", #""url":"http://\#(scene.sink)/hooks/h","events":["credits.low"]"#)
            try await scene.call("billing.debit", #""amount":20"#)
            while try await scene.received().isEmpty { await Task.yield() }
            let headers = try #require(try await scene.received()[0]["headers"]).elements
            func header(_ name: String) -> String {
                headers.first { $0[0]?.string == name }?[1]?.string ?? ""
            }
            var span = try JSON.parse("{}")
            while span["name"]?.string != "webhook.delivery" {
                span = try JSON.parse(try #require(try await collector.stream.line()))
            }
            let (trace, id) = (try #require(span["traceId"]?.string), try #require(span["spanId"]?.string))
            #expect(header("traceparent") == "00-\(trace)-\(id)-01")
            #expect(header("webhook-id").replacing("-", with: "").hasSuffix(trace))
            #expect(span["kind"]?.int64 == 3)
            collector.kill()
            await scene.end()
        }
    }

    /// By the lines of docs/webhooks.md.
    private func verifyByShell(_ message: JSON, _ secret: String) async throws {
        let page = try String(contentsOfFile: Project.root + "/docs/webhooks.md", encoding: .utf8)
        let start = try #require(page.range(of: "key=$(printf"))
        let script = try #require(
            page[start.lowerBound...].range(of: "```").map { String(page[start.lowerBound..<$0.lowerBound]) })
        var headers: [String: String] = [:]
        for pair in try #require(message["headers"]).elements {
            headers[pair[0]?.string ?? ""] = pair[1]?.string
        }
        let result = try await ServedProcess.run(
            "/bin/sh", ["-c", script],
            environment: [
                "SECRET": secret, "ID": headers["webhook-id"] ?? "",
                "TIMESTAMP": headers["webhook-timestamp"] ?? "", "BODY": message["body"]?.string ?? "",
            ])
        #expect(result.output == (headers["webhook-signature"] ?? "") + "\n", "\(result.errors)")
    }

    @Test("Over HTTP the routes are there, and without the operator's leave nothing goes to this machine")
    func http() async throws {
        try await withTemporaryFolder { folder in
            let daemon = try await ServedProcess.dev(in: folder)
            let curl = Curl(address: daemon.http)
            let ada = try await curl.account("ada")
            let made = try await curl("POST", "/workspaces", #"{"name":"Acme"}"#, token: ada)
            let hooks = "/workspaces/" + (try #require(made.data?["id"]?.string)) + "/webhooks"
            let refused = try await curl(
                "POST", hooks, #"{"url":"https://127.0.0.1/","events":["*"]}"#, token: ada)
            #expect(refused.status == 400 && refused.errorCode == "VALIDATION_ERROR")
            let created = try await curl(
                "POST", hooks, #"{"url":"https://hooks.example.org/","events":["*"]}"#, token: ada)
            #expect(created.status == 201 && created.data?["secret"]?.string?.hasPrefix("whsec_") == true)
            let hook = hooks + "/" + (try #require(created.data?["id"]?.string))
            #expect(try await curl("GET", hooks, token: ada).envelope["data"]?.count == 1)
            #expect(
                try await curl("PATCH", hook, #"{"enabled":false}"#, token: ada).data?["version"]?.int64 == 2)
            #expect(try await curl("POST", hook + "/rotate-secret", "{}", token: ada).status == 200)
            #expect(try await curl("GET", hook + "/deliveries?status=failed", token: ada).status == 200)
            #expect(try await curl("DELETE", hook, token: ada).status == 200)
            #expect(try await curl("DELETE", hook, token: ada).status == 404)
            daemon.process.send(SIGTERM)
            #expect(await daemon.process.end() == 0)
        }
    }
}
