import Foundation
import RPCDClient
import TestSupport
import Testing

@Suite("The clients that are written from the declarations")
struct GeneratedClientTests {
    /// A daemon, and a relay before its socket that loses answers.
    private func with(
        _ body: (_ socket: String, _ relay: String, _ http: String, _ folder: String) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            let daemon = try await ServedProcess.dev(in: folder)
            let relay = try ServedProcess(
                "/usr/bin/env",
                [
                    "python3", Project.root + "/Tests/IntegrationTests/clients/losing_relay.py",
                    folder + "/relay", daemon.socket,
                ])
            #expect(try await relay.stream.line() == Array("ready".utf8), "\(relay.errors)")
            try await body(daemon.socket, folder + "/relay", daemon.http, folder)
            relay.kill()
            daemon.process.send(SIGTERM)
            #expect(await daemon.process.end() == 0)
        }
    }

    @Test("They are what the declarations say: run scripts/generate-clients")
    func areCurrent() async throws {
        let document = try await ServedProcess.run("rpcd", ["openrpc"])
        let check = try await ServedProcess.run(
            Project.root + "/scripts/generate-clients", ["--check", "-"], input: document.output)
        #expect(check.status == 0, "\(check.output)\(check.errors)")
    }

    @Test(
        "The Python client does what its test asks of it, over the socket and HTTP, and mypy has nothing to say"
    )
    func python() async throws {
        try await with { socket, relay, http, _ in
            let test = try await ServedProcess.run(
                "/usr/bin/env",
                ["python3", Project.root + "/clients/python/tests/test_client.py", socket, relay, http])
            #expect(test.status == 0, "\(test.output)\(test.errors)")
        }
        guard Clients.areHere else { return }
        let mypy = try await ServedProcess.run(
            Clients.folder + "/mypy",
            ["--strict", "--cache-dir", "/dev/null", Project.root + "/clients/python/rpcd"])
        #expect(mypy.status == 0, "\(mypy.output)\(mypy.errors)")
    }

    @Test(
        "The TypeScript client does what its test asks of it, over the socket and HTTP",
        .enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/tsc") || Clients.areHere))
    func typeScript() async throws {
        try await with { socket, relay, http, folder in
            let compiled = try await ServedProcess.run(
                "/usr/bin/tsc",
                ["-p", Project.root + "/clients/typescript/test", "--outDir", folder + "/js"])
            #expect(compiled.status == 0, "\(compiled.output)\(compiled.errors)")
            try #"{"type":"module"}"#.write(
                toFile: folder + "/js/package.json", atomically: true, encoding: .utf8)
            let test = try await ServedProcess.run(
                "/usr/bin/env", ["node", folder + "/js/test/client.js", socket, relay, http])
            #expect(test.status == 0, "\(test.output)\(test.errors)")
        }
    }

    @Test("The pipeline and the first call in Python work as docs/clients.md prints them")
    func page() async throws {
        let page = Page(path: "docs/clients.md")
        try await with { socket, _, _, folder in
            let (client, workspace) = try await workspace(socket)
            let lines = (1...20).map { #"{"externalId":"p\#($0)","fields":{"name":"Person \#($0)"}}"# }
            try (lines.joined(separator: "\n") + "\n").write(
                toFile: folder + "/people.ndjson", atomically: true, encoding: .utf8)
            let pipeline = try #require(try page.blocks("sh", below: "A shell pipeline").first)
            for _ in 0..<2 {
                let result = try await ServedProcess.run(
                    "/bin/sh", ["-ec", pipeline.replacing("/run/rpcd/rpcd.sock", with: socket)],
                    environment: ["WORKSPACE": workspace, "PATH": ServedProcess.programs + ":/usr/bin:/bin"],
                    in: folder)
                let told = Set(result.output.split(separator: "\n"))
                #expect(told == Set((1...20).map { "p\($0)\tok" }), "\(result)")
            }
            let key = try await client.apiKeys.create(workspaceId: workspace, name: "shop", role: .member)
            let call = try #require(try page.blocks("python", below: "First calls").first)
            let program = "key, workspace, order = '\(key.secret.value)', '\(workspace)', 'order-7'\n" + call
            for _ in 0..<2 {
                let result = try await ServedProcess.run(
                    "/usr/bin/env",
                    ["python3", "-c", program.replacing("/run/rpcd/rpcd.sock", with: socket)],
                    environment: ["PYTHONPATH": Project.root + "/clients/python"], in: folder)
                #expect(result.output == "95\n", "\(result)")
            }
        }
    }

    // MARK: Swift

    private typealias Owned = (client: RPCD.Client, workspace: String)

    /// A workspace with a hundred credits, and a client of the operator.
    private func workspace(_ socket: String) async throws -> Owned {
        let client = RPCD.Client(socket: socket)
        try await client.auth.register(
            email: "ada@example.org", password: "correct horse battery", name: "Ada")
        let workspace = try await client.workspaces.create(name: "Acme", ownerEmail: "ada@example.org")
        try await client.billing.addCredits(workspaceId: workspace.id, amount: 100, type: .bonus)
        return (client, workspace.id)
    }

    private struct DidNotFail: Error {}

    /// How a call fails.
    private func failure<Result>(_ call: () async throws -> Result) async throws -> RPCD.Failure {
        do {
            _ = try await call()
        } catch let failure as RPCD.Failure {
            return failure
        }
        throw DidNotFail()
    }

    @Test("The Swift client: typed params and results, typed errors, calls side by side, lists to their end")
    func calls() async throws {
        try await with { socket, _, _, _ in
            let (client, workspace) = try await workspace(socket)
            let ping = try await client.system.ping(payload: ["a": [1, nil, "é", 2.5, true]])
            #expect(ping.payload == ["a": [1, nil, "é", 2.5, true]])
            #expect(try await client.members.list(workspaceId: workspace).items.map(\.role) == [.owner])
            #expect(RPCD.JobStatus(rawValue: "to come") == .unknown("to come"))

            let invalid = try await failure {
                try await client.workspaces.get(workspaceId: "x", options: .init(requestID: "mine"))
            }
            guard case .call(let error) = invalid else { throw invalid }
            #expect(error.code == .validationError && error.rpcCode == -32602 && error.requestID == "mine")
            #expect(error.details?["fields"]?.list?.first?["path"] == "workspaceId")

            let login = try await client.auth.login(
                email: "ada@example.org", password: "correct horse battery")
            client.token = login.accessToken.value
            #expect("\(login)".contains("***") && !"\(login)".contains(login.accessToken.value))
            #expect(try await client.auth.me().memberships.map(\.workspaceId) == [workspace])
            client.token = nil

            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in Int64(0)..<200 {
                    group.addTask {
                        try await client.system.ping(payload: .integer(number)).payload == .integer(number)
                    }
                }
                for try await isOwn in group { #expect(isOwn) }
            }

            let records = (0..<250).map {
                RPCD.NewRecord(externalId: "p\($0)", fields: ["name": .string("Person \($0)")])
            }
            #expect(
                try await client.records.bulkUpsert(workspaceId: workspace, records: records).inserted == 250)
            var read: Set<String> = []
            for try await record in client.records.listAll(workspaceId: workspace) {
                read.insert(record.externalId)
            }
            #expect(read.count == 250)
            client.close()
            #expect(try await !failure { try await client.system.ping() }.isOutcomeUnknown)
        }
    }

    @Test("An answer that is lost: what changes something and has no key is not repeated, all else is")
    func lostAnswers() async throws {
        try await with { socket, relay, _, _ in
            let (_, workspace) = try await workspace(socket)
            let client = RPCD.Client(socket: relay)
            func balance(_ options: RPCD.CallOptions = .init()) async throws -> Int64 {
                try await client.billing.get(workspaceId: workspace, options: options).creditBalance
            }
            let lost = try await failure {
                try await client.billing.debit(
                    workspaceId: workspace, amount: 10, options: .init(requestID: "lose-bare"))
            }
            guard case .connection(let error) = lost else { throw lost }
            #expect(error.outcome == .unknown && lost.isOutcomeUnknown)
            #expect(try await balance() == 90)
            let options = RPCD.CallOptions(
                idempotencyKey: RPCD.CallOptions.newIdempotencyKey(), requestID: "lose-keyed")
            let debit = try await client.billing.debit(workspaceId: workspace, amount: 10, options: options)
            #expect(
                try await client.billing.debit(workspaceId: workspace, amount: 10, options: options) == debit)
            #expect(try await balance(.init(requestID: "lose-read")) == 80)

            var settings = RPCD.Client.Settings()
            settings.makesIdempotencyKeys = true
            let keyed = RPCD.Client(socket: relay, settings: settings)
            try await keyed.billing.debit(
                workspaceId: workspace, amount: 10, options: .init(requestID: "lose-made"))
            #expect(try await balance() == 70)

            let nobody = RPCD.Client(socket: "/nowhere")
            guard case .connection(let error) = try await failure({ try await nobody.system.ping() }) else {
                throw lost
            }
            #expect(error.outcome == .notSent)
        }
    }

    /// Says `ready`, takes one connection and one line on it, says what it is told to, and is gone: first nobody can connect any more,
    /// then the connection ends.
    private func peer(_ path: String, says answer: String) async throws -> ServedProcess {
        let script = """
            import os, socket, sys
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(sys.argv[1])
            listener.listen()
            print("ready", flush=True)
            connection, _ = listener.accept()
            lines = connection.makefile("rb")
            lines.readline()
            os.unlink(sys.argv[1])
            listener.close()
            connection.sendall(sys.argv[2].encode())
            if sys.argv[2]:
                lines.readline()
            """
        let peer = try ServedProcess("/usr/bin/env", ["python3", "-c", script, path, answer])
        #expect(try await peer.stream.line() == Array("ready".utf8), "\(peer.errors)")
        return peer
    }

    @Test("What may have been done stays so when nobody listens any more; what cannot be read fails at once")
    func oddPeers() async throws {
        try await withTemporaryFolder { folder in
            let gone = try await peer(folder + "/gone", says: "")
            let keyed = RPCD.CallOptions(idempotencyKey: "order-7")
            let client = RPCD.Client(socket: folder + "/gone")
            let lost = try await failure { try await client.call("billing.debit", options: keyed) }
            guard case .connection(let error) = lost else { throw lost }
            #expect(error.outcome == .unknown && error.description.contains("no daemon can be reached"))
            #expect(await gone.end() == 0)

            let refusal = #"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no JSON"}}"# + "\n"
            let strict = try await peer(folder + "/strict", says: refusal)
            let refused = RPCD.Client(socket: folder + "/strict")
            let unread = try await failure { try await refused.system.ping() }
            guard case .call(let told) = unread else { throw unread }
            #expect(told.rpcCode == -32700 && told.message == "no JSON")
            refused.close()
            #expect(await strict.end() == 0)
        }
    }

    @Test(
        "Streams tell their progress and end with the result; they and calls end when their task is cancelled"
    )
    func streams() async throws {
        try await with { socket, _, _, _ in
            let (client, workspace) = try await workspace(socket)
            let job = try await client.jobs.create(
                workspaceId: workspace, records: [.init(externalId: "a", fields: [:])],
                fields: [.init(name: "email", providers: ["sim-steady"])], keys: .own)
            let watch = client.jobs.watch(workspaceId: workspace, jobId: job.id)
            for try await update in watch { #expect(update.id == job.id) }
            #expect(try await watch.result().status == .completed)

            var text = ""
            let export = client.analytics.export(workspaceId: workspace, dataset: .credits)
            for try await part in export { text += part.chunk }
            #expect(try await export.result().bytes == Int64(text.utf8.count))

            let verification = client.admin.ledger.verify()
            for try await step in verification { #expect(step.checked != nil) }
            #expect(try await verification.result().found == 0)

            let purchase = try await client.billing.purchases.create(workspaceId: workspace, amount: 5)
            let purchases = client.admin.purchases.watch()
            let told = AsyncStream<String>.makeStream()
            let reader = Task {
                for try await purchase in purchases { told.continuation.yield(purchase.id) }
            }
            #expect(await told.stream.first { _ in true } == purchase.id)
            reader.cancel()
            let end = await reader.result
            #expect(throws: RPCD.Failure.self) { try end.get() }
            #expect(try await failure { try await purchases.result() }.isCancellation)
            // One that nobody reads any more is gone, and its connection with it.
            for try await _ in client.admin.purchases.watch() { break }

            let call = Task { try await client.call("admin.purchases.watch") }
            #expect(try await client.system.ping().payload == nil)
            call.cancel()
            #expect(try await failure { try await call.value }.isCancellation)
        }
    }
}
