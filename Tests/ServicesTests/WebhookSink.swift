import Cryptography
import Egress
import Foundation
import Identifiers
import JSON
import RPC
import TestSupport
import Testing

@testable import Services

/// The hooks of a provider simulator, as endpoints of webhooks.
struct WebhookSink: Sendable {
    let process: ServedProcess
    let port: Int
    private let http: HTTPClient

    /// Beside a simulator that is ended in order.
    static func run(_ body: (WebhookSink) async throws -> Void) async throws {
        let sink = try await WebhookSink()
        try await body(sink)
        sink.process.send(SIGTERM)
        #expect(await sink.process.end() == 0, "\(sink.process.errors)")
    }

    init() async throws {
        process = try ServedProcess("rpcd-provider-sim", ["--until-input-ends"])
        let line = try await process.readyLine()
        port = try #require(line.split(separator: ":").last.flatMap { Int($0) })
        http = try WebhookSink.client()
    }

    /// The webhooks' own, which may go to this machine.
    static func client(
        _ allowed: String = "127.0.0.1/32", change: (inout HTTPClient.Configuration) -> Void = { _ in }
    ) throws -> HTTPClient {
        var configuration = HTTPClient.Configuration.webhooks(
            try EgressPolicy(parsing: allowed), authorities: nil)
        change(&configuration)
        return try HTTPClient(configuration)
    }

    func url(_ hook: String) -> String { "http://127.0.0.1:\(port)/hooks/\(hook)" }

    /// How it answers from now on: `{"status":503,"times":1,"retryAfterSeconds":2}`.
    func set(_ hook: String, _ behaviour: String) async throws {
        let answer = try await http.send(
            HTTPRequest(.put, control(hook), body: Array(behaviour.utf8)))
        #expect(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
    }

    /// What has come, in its order.
    func received(_ hook: String) async throws -> [Message] {
        let answer = try await http.send(HTTPRequest(.get, control(hook) + "?limit=10000"))
        if answer.status == 404 { return [] }
        let json = try JSON.parse(answer.body)
        return try #require(json["deliveries"], "\(json.source)").elements.map { try Message($0) }
    }

    /// Waits until so many have come.
    func received(_ hook: String, atLeast count: Int) async throws -> [Message] {
        while true {
            let messages = try await received(hook)
            if messages.count >= count { return messages }
            await Task.yield()
        }
    }

    private func control(_ hook: String) -> String { "http://127.0.0.1:\(port)/control/hooks/\(hook)" }

    struct Message {
        let headers: [String: String]
        let body: String
        /// What it was answered.
        let status: Int64

        init(_ json: JSON) throws {
            var headers: [String: String] = [:]
            for pair in try #require(json["headers"]).elements {
                headers[pair[0]?.string ?? ""] = pair[1]?.string
            }
            self.headers = headers
            body = try #require(json["body"]?.string)
            status = try #require(json["status"]?.int64)
        }

        var id: String { headers["webhook-id"] ?? "" }
        var signatures: [String] {
            (headers["webhook-signature"] ?? "").split(separator: " ").map(String.init)
        }

        /// The one signature that this secret makes of it.
        func signature(_ secret: String) throws -> String {
            #expect(secret.hasPrefix("whsec_"))
            let key = try #require(Data(base64Encoded: String(secret.dropFirst("whsec_".count))))
            let message = WebhookMessage(
                id: id, timestamp: try #require(headers["webhook-timestamp"].flatMap { Int64($0) }),
                payload: Array(body.utf8))
            return try message.signature([SigningSecret(key: SecretBytes(Array(key)))])
        }
    }
}

/// A workspace with webhooks, as the operator sees it: who else may is a question of roles, not of webhooks.
struct WebhookOwner {
    let backend: Backend
    let workspace: String
    private let connection: Loopback

    init(_ backend: Backend) async throws {
        self.backend = backend
        connection = backend.connect(isOperator: true)
        let made = try SQLConsole(backend.conninfo).run(
            "INSERT INTO workspaces (name, slug) VALUES ('W', gen_random_uuid()) RETURNING id")
        workspace = try #require(made.rows.first?.first ?? nil, "\(made)")
    }

    /// The same workspace, by another daemon.
    init(_ other: WebhookOwner, on backend: Backend) {
        self.backend = backend
        workspace = other.workspace
        connection = backend.connect(isOperator: true)
    }

    @discardableResult
    func call(_ method: String, _ rest: String) async throws -> JSON {
        let answer = try await answer(method, rest)
        return try #require(answer["result"], "\(method): \(answer.source)")
    }

    func answer(_ method: String, _ rest: String) async throws -> JSON {
        try await connection.call(
            method, #"{"workspaceId":"\#(workspace)"\#(rest.isEmpty ? "" : ",")\#(rest)}"#)
    }

    /// - Returns: the webhook's id and secret.
    func create(_ url: String, _ events: String = #"["*"]"#) async throws -> (id: String, secret: String) {
        let made = try await call("webhooks.create", #""url":"\#(url)","events":\#(events)"#)
        return (
            try #require(made["id"]?.string), try #require(made["secret"]?.string)
        )
    }

    /// Raises that many events `credits.low`, with the number of each in its data.
    func raise(_ count: Int) async throws {
        for number in 0..<count {
            let event = Event.creditsLow(available: Int64(number), threshold: 10)
            let id = Identifiers.UUID(self.workspace)
            let workspace = try #require(id)
            try await backend.pool.upkeep { tx in
                tx.enter(workspace)
                event.raise(tx, in: workspace)
            }
        }
    }

    func deliveries(_ webhook: String) async throws -> [JSON] {
        let page = try await call("webhooks.deliveries", #""webhookId":"\#(webhook)","limit":100"#)
        return try Array(#require(page["items"]).elements)
    }

    func webhook(_ id: String) async throws -> JSON {
        let page = try await call("webhooks.list", "")
        return try #require(page["items"]?.elements.first { $0["id"]?.string == id })
    }
}

extension Backend {
    /// Hands out what was raised, and sends what is due.
    func sendWebhooks() async throws {
        try await platform.handOutEvents()
        try await platform.webhookSender(log: { Issue.record("\($0)") })?.run()
    }

    /// What waits is due by now, and nobody rests.
    func letTimePass() throws {
        let owner = try SQLConsole(conninfo)
        owner.run("UPDATE webhook_deliveries SET due_at = now() WHERE status = 'pending'")
        owner.run("UPDATE webhooks SET rests_until = NULL")
        owner.run("UPDATE webhooks SET due_at = now() WHERE due_at IS NOT NULL")
    }
}
