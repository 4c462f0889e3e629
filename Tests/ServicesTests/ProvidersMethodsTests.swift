import Cryptography
import Egress
import Identifiers
import JSON
import Resilience
import Synchronization
import TestSupport
import Testing

@testable import Services

@Suite("Providers, as callers see them")
struct ProvidersMethodsTests {
    /// A backend on the providers of a simulation, an admin, and his workspace.
    private struct Stage {
        let backend: Backend
        let token: String
        let workspace: String

        var w: String { #""workspaceId":"\#(workspace)""# }

        init(_ setup: ProviderSetup, sharing other: Backend? = nil) async throws {
            backend =
                try other.map { try Backend(sharing: $0, providers: setup) } ?? Backend(providers: setup)
            let ada = try await backend.login("ada")
            token = ada.token
            let made = try await backend.connect().call("workspaces.create", #"{"name":"W"}"#, token: token)
            workspace = try #require(made["result"]?["id"]?.string)
        }

        func call(_ method: String, _ params: String = "{}") async throws -> JSON {
            try await backend.connect().call(method, params, token: token)
        }

        func credential(_ provider: String, _ key: String) async throws -> String {
            let made = try await call(
                "credentials.create", #"{\#(w),"provider":"\#(provider)","key":"\#(key)"}"#)
            return try #require(made["result"]?["id"]?.string, "\(made.source)")
        }
    }

    private static let person = #""input":{"name":"Ada Lovelace","domain":"acme.example"}"#

    @Test(
        "Providers are listed in pages to whoever has an account or a key, with what they cost and whether they are called"
    )
    func list() async throws {
        let stage = try await Stage(
            ProviderSetup(catalog: try ProviderCatalog(ManifestFolder(Backend.root + "/providers"))))
        var slugs: [String] = []
        var cursor = ""
        repeat {
            let page = try #require(
                try await stage.call("providers.list", #"{"limit":4\#(cursor)}"#)["result"])
            slugs += page["items"]?.elements.compactMap { $0["slug"]?.string } ?? []
            cursor = page["nextCursor"]?.string.map { #","cursor":"\#($0)""# } ?? ""
        } while !cursor.isEmpty
        #expect(slugs == stage.backend.platform.providers.catalog.current.keys.sorted() && slugs.count >= 10)
        let hunter = try #require(try await stage.call("providers.get", #"{"slug":"hunter"}"#)["result"])
        #expect(hunter["creditCost"]?.int64 == 3 && hunter["ownKeyCreditCost"]?.int64 == 0)
        #expect(hunter["circuit"]?.string == "closed" && hunter["openUntil"]?.isNull == true)
        #expect(
            hunter["verified"]?.bool == false && hunter["inputSchema"]?["required"]?[0]?.string == "domain")
        #expect(try await stage.call("providers.get", #"{"slug":"nobody"}"#).errorCode == "NOT_FOUND")
        let made = try await stage.call("apiKeys.create", #"{\#(stage.w),"name":"k","role":"viewer"}"#)
        let key = try #require(made["result"]?["secret"]?.string)
        let seen = try await stage.backend.connect().call("providers.get", #"{"slug":"hunter"}"#, token: key)
        #expect(seen["result"]?["slug"]?.string == "hunter")
        #expect(try await stage.backend.connect().call("providers.list").errorCode == "AUTHENTICATION_ERROR")
    }

    @Test(
        "A test asks once with the newest credential, charges nothing, and tells what went wrong in words without secrets"
    )
    func test() async throws {
        try await Simulation.run { simulation in
            let catalog = ProviderCatalog(
                try ["steady", "dead", "sparse"].map { try simulation.provider($0) })
            let stage = try await Stage(ProviderSetup(catalog: catalog, client: simulation.client))
            let params = #"{\#(stage.w),"slug":"sim-steady",\#(ProvidersMethodsTests.person)}"#
            #expect(try await stage.call("providers.test", params).errorCode == "CONFLICT", "no credential")
            _ = try await stage.credential("sim-steady", "revoked-0123456789")
            let refused = try await stage.call("providers.test", params)
            #expect(refused.errorCode == "UPSTREAM_ERROR")
            #expect(refused["error"]?["data"]?["error"]?["details"]?["code"]?.string == "unauthorized")
            #expect(!refused.source.contains("revoked"))
            let newest = try await stage.credential("sim-steady", "canary-0123456789")
            let tested = try #require(try await stage.call("providers.test", params)["result"])
            #expect(tested["outcome"]?.string == "found" && tested["key"]?.string == "own")
            let expected = try await simulation.control(
                .get, "expect?provider=steady&name=ada%20lovelace&domain=acme.example")
            let fields = try #require(tested["fields"])
            #expect(fields[0]?["name"]?.string == "email")
            #expect(fields[0]?["value"]?.string == expected["answer"]?["email"]?.string)
            #expect(fields[0]?["confidence"]?.double == expected["answer"]?["confidence"]?.double)
            #expect(!tested.source.contains("canary"))
            let used = try await stage.call("credentials.get", #"{\#(stage.w),"credentialId":"\#(newest)"}"#)
            #expect(used["result"]?["lastUsedAt"]?.isNull == false)
            #expect(
                try SQLConsole(stage.backend.conninfo).run("SELECT count(*) FROM ledger").rows == [["0"]])
            #expect(try await simulation.calls("steady") == 1)

            _ = try await stage.credential("sim-dead", "canary-0123456789")
            let dead = try await stage.call(
                "providers.test", #"{\#(stage.w),"slug":"sim-dead",\#(ProvidersMethodsTests.person)}"#)
            #expect(dead.errorCode == "UPSTREAM_ERROR" && !dead.source.contains("canary"))
            #expect(try await simulation.calls("dead") == 1, "one call")
            let lacking = try await stage.call(
                "providers.test", #"{\#(stage.w),"slug":"sim-steady","input":{"name":"Ada"}}"#)
            #expect(lacking.errorCode == "VALIDATION_ERROR" && lacking.source.contains("/domain"))
            #expect(
                try await stage.call(
                    "providers.test", #"{\#(stage.w),"slug":"nobody",\#(ProvidersMethodsTests.person)}"#
                ).errorCode == "NOT_FOUND")
        }
    }

    @Test("A call that is cancelled ends the test and the provider's call with it")
    func cancel() async throws {
        try await Simulation.run { simulation in
            let provider = try simulation.provider("hang", [(#""timeoutMs": 1000"#, #""timeoutMs": 60000"#)])
            let stage = try await Stage(
                ProviderSetup(catalog: ProviderCatalog([provider]), client: simulation.client))
            _ = try await stage.credential("sim-hang", "canary-0123456789")
            let connection = stage.backend.connect()
            connection.send(
                #"{"jsonrpc":"2.0","id":7,"method":"providers.test","params":{\#(stage.w),"slug":"sim-hang",\#(ProvidersMethodsTests.person),"_meta":{"token":"\#(stage.token)"}}}"#
                    + "\n")
            while try await simulation.calls("hang") < 1 {}
            connection.send(#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":7}}"# + "\n")
            let answer = try await connection.next()
            #expect(answer.errorCode == "CANCELLED", "\(answer.source)")
            #expect(stage.backend.platform.providers.calls.load()["sim-hang"]?.inFlight == 0)
        }
    }

    @Test("own, platform and auto choose the key; a file of the platform's is read again when it changes")
    func keys() async throws {
        let file = Mutex<(Int, String?)>((0, nil))
        let source = PlatformKeySource(
            stamp: { slug in slug == "acme" ? file.withLock { $0.1 == nil ? nil : "\($0.0)" } : nil },
            read: { _ in file.withLock { $0.1.map { Array($0.utf8) } } })
        let provider = Provider(try ManifestTests.read())
        let stage = try await Stage(ProviderSetup(catalog: ProviderCatalog([provider]), platformKeys: source))
        let workspace = try #require(UUID(stage.workspace))
        let services = stage.backend.platform.providers
        func key(_ choice: KeyChoice, in workspace: UUID) async throws -> [String?]? {
            try await stage.backend.pool.upkeep { tx in
                tx.enter(workspace)
                let key = try services.key(for: provider, workspace: workspace, choice: choice, in: tx)
                return key.map { key in
                    func text(_ bytes: SecretBytes) -> String {
                        bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
                    }
                    return [key.kind.rawValue, text(key.key), key.secret.map(text)]
                }
            }
        }
        for choice in KeyChoice.allCases { #expect(try await key(choice, in: workspace) == nil) }
        file.withLock { $0 = (1, "platform-key\r\nsecond\n") }
        #expect(
            try await key(.platform, in: workspace) == ["platform", "platform-key", "second"])
        #expect(try await key(.auto, in: workspace)?[0] == "platform")
        #expect(try await key(.own, in: workspace) == nil)
        file.withLock { $0 = (2, "other-key") }
        #expect(try await key(.auto, in: workspace) == ["platform", "other-key", nil])
        _ = try await stage.credential("acme", "first-0123456789")
        _ = try await stage.credential("acme", "newest-0123456789")
        _ = try await stage.credential("hunter", "another-0123456789")
        #expect(try await key(.auto, in: workspace) == ["own", "newest-0123456789", nil])
        #expect(try await key(.platform, in: workspace)?[0] == "platform")
        // Another workspace's is nobody's.
        #expect(try await key(.auto, in: .random())?[0] == "platform")
        file.withLock { $0 = (3, nil) }
        #expect(try await key(.platform, in: workspace) == nil)
        #expect(try services.keys.platformKey("acme")?.label == nil)
    }

    @Test(
        "What one daemon finds out the others hear of: a circuit opens for both, its workspace gets one event, and it closes for both"
    )
    func sharing() async throws {
        try await Simulation.run { simulation in
            try await simulation.control(.put, "providers/ill", #"{"faults":{"http503":1}}"#)
            let provider = try simulation.provider("ill")
            var setup = ProviderSetup(catalog: ProviderCatalog([provider]), client: simulation.client)
            let clock = StandingClock()
            setup.calls.clock = { clock.now }
            let stage = try await Stage(setup)
            let other = try Backend(sharing: stage.backend, providers: setup)
            let credential = try #require(UUID(try await stage.credential("sim-ill", "k-0123456789")))
            let workspace = try #require(UUID(stage.workspace))
            let own = try Simulation.key("k", credential: credential)
            let (first, second) = (stage.backend.platform.providers, other.platform.providers)
            func ask(_ services: ProviderServices) async throws -> ProviderCalls.Report {
                try await simulation.report(
                    services.calls, provider, key: own, workspace: workspace, maximumAttempts: 1)
            }
            for _ in 0..<setup.calls.circuit.consecutiveFailures { _ = try await ask(first) }
            #expect(try await ask(first).outcome.word == "circuitOpen")
            let lines = Mutex<[String]>([])
            // Nothing is told twice.
            for services in [first, second, first, second] {
                try await services.turn { notice in lines.withLock { $0.append(notice.description) } }
            }
            #expect(try await ask(second).outcome.word == "circuitOpen")
            #expect(
                lines.withLock { $0.filter { $0.contains("open until") }.count } == 1,
                "\(lines.withLock { $0 })")
            let owner = try SQLConsole(stage.backend.conninfo)
            let events = owner.run(
                "SELECT workspace_id, data->>'provider', data->>'credentialId' FROM events WHERE type = 'breaker.opened'"
            )
            #expect(events.rows == [[stage.workspace, "sim-ill", credential.description]])
            let listed = try await stage.backend.connect(isOperator: true).call("admin.circuits.list")
            let circuit = try #require(listed["result"]?["items"]?[0])
            #expect(circuit["credential"]?.string == credential.description)
            #expect(circuit["workspaceId"]?.string == stage.workspace)
            #expect(circuit["state"]?.string == "open" && circuit["openings"]?.int64 == 1)

            // Who asks for a workspace of his sees the circuit of its own key; nobody else does.
            let mine = #"{"slug":"sim-ill",\#(stage.w)}"#
            let seen = try await stage.call("providers.get", mine)
            #expect(seen["result"]?["circuit"]?.string == "closed")
            #expect(seen["result"]?["ownCircuit"]?.string == "open")
            #expect(seen["result"]?["ownOpenUntil"]?.string != nil)
            let page = try await stage.call("providers.list", "{\(stage.w)}")
            #expect(page["result"]?["items"]?[0]?["ownCircuit"]?.string == "open")
            let unasked = try await stage.call("providers.list")
            #expect(unasked["result"]?["items"]?[0]?["ownCircuit"]?.isNull == true)
            let eve = try await stage.backend.login("eve").token
            let hers = try await stage.backend.connect().call("providers.get", mine, token: eve)
            #expect(hers["result"]?["ownCircuit"]?.isNull == true, "\(hers.source)")

            try await simulation.control(.put, "providers/ill", "{}")
            let key = CircuitKey("sim-ill", credential.description)
            clock.advance(seconds: 6)
            for _ in 0..<setup.calls.circuit.probes {
                #expect(try await ask(second).outcome.word == "found")
            }
            #expect(second.calls.circuits.circuit(key).state == .closed)
            for services in [second, first] { try await services.turn { _ in } }
            #expect(first.calls.circuits.circuit(key).state == .closed)
            #expect(owner.run("SELECT state FROM provider_circuits").rows == [["closed"]])
            let closed = owner.run(
                "SELECT workspace_id, data->>'provider', data->>'credentialId' FROM events WHERE type = 'breaker.closed'"
            )
            #expect(closed.rows == [[stage.workspace, "sim-ill", credential.description]])
            // With the credential goes its circuit.
            _ = try await stage.call("credentials.delete", #"{\#(stage.w),"credentialId":"\#(credential)"}"#)
            #expect(owner.run("SELECT count(*) FROM provider_circuits").rows == [["0"]])
        }
    }

    @Test("The operator keeps a circuit open or closed for every daemon, and lets it go again")
    func force() async throws {
        try await Simulation.run { simulation in
            let provider = try simulation.provider("steady")
            let setup = ProviderSetup(catalog: ProviderCatalog([provider]), client: simulation.client)
            let stage = try await Stage(setup)
            let other = try Backend(sharing: stage.backend, providers: setup)
            let both = [stage.backend.platform.providers, other.platform.providers]
            let connection = stage.backend.connect(isOperator: true)
            func force(_ state: String, _ rest: String = "") async throws -> JSON {
                let answer = try await connection.call(
                    "admin.circuits.force", #"{"provider":"sim-steady","state":"\#(state)"\#(rest)}"#)
                for services in both { try await services.turn { _ in } }
                return answer
            }
            let opened = try await force("open")
            #expect(
                opened["result"]?["state"]?.string == "open" && opened["result"]?["forced"]?.string == "open")
            for services in both {
                let report = try await simulation.report(services.calls, provider)
                #expect(report.outcome.word == "circuitOpen" && report.calls == 0)
                #expect(report.outcome.failure?.retryAfterNanoseconds == nil)
            }
            let seen = try await stage.call("providers.get", #"{"slug":"sim-steady"}"#)
            #expect(
                seen["result"]?["circuit"]?.string == "open" && seen["result"]?["openUntil"]?.isNull == true)
            _ = try await force("closed")
            for services in both {
                #expect(try await simulation.report(services.calls, provider).outcome.word == "found")
                #expect(
                    services.calls.circuits.circuit(CircuitKey("sim-steady", "platform")).forced == .closed)
            }
            #expect(try await force("auto")["result"]?["forced"]?.string == "auto")
            for services in both {
                #expect(
                    services.calls.circuits.circuit(CircuitKey("sim-steady", "platform")) == Circuit())
            }
            let credential = try await stage.credential("sim-steady", "k-0123456789")
            #expect(
                try await force("open", #","credential":"\#(credential)""#)["result"]?["workspaceId"]?.string
                    == stage.workspace)
            for rest in [#","credential":"00000000-0000-4000-8000-000000000000""#] {
                #expect(try await force("open", rest).errorCode == "NOT_FOUND")
            }
            #expect(try await force("open", #","credential":"x""#).errorCode == "VALIDATION_ERROR")
            #expect(
                try await connection.call("admin.circuits.force", #"{"provider":"nobody","state":"open"}"#)
                    .errorCode == "NOT_FOUND")
        }
    }
}
