import Egress
import Identifiers
import JSON
import Postgres
import RPC
import Resilience

extension Webhooks {
    /// So that no workspace takes all the places there are for sending.
    static let mostPerWorkspace = 20

    func create(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ url: HTTPURL, _ events: [String]
    ) throws -> NewWebhook {
        guard try tx.first(Webhooks.lockWorkspace, workspace) != nil else { throw CallError(.notFound) }
        guard try tx.one(Webhooks.countWebhooks, workspace) < Webhooks.mostPerWorkspace else {
            throw CallError(.conflict, "A workspace has at most \(Webhooks.mostPerWorkspace) webhooks")
        }
        let id = UUID.random()
        let version = platform.vault.currentKeyVersion
        try platform.vault.register(version, in: tx)
        let secret = try SigningSecret.random()
        let box = try platform.vault.seal(
            secret.key,
            at: Vault.Place(workspace: workspace, credential: id, field: .signing, keyVersion: version),
            salt: try Credentials(platform: platform).salt(tx, of: workspace))
        let webhook = try tx.one(
            Webhooks.insertWebhook, id, workspace, url.text, TextArray(Webhooks.once(events)), box, version)
        return NewWebhook(webhook: webhook, secret: secret.text)
    }

    func list(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ limit: Int64, _ cursor: Cursor?
    ) throws -> Page<Webhook> {
        let rows = try tx.all(Webhooks.listWebhooks, workspace, cursor?.moment, cursor?.id, limit + 1)
        return Page(rows, limit: limit) { Cursor($0.createdAt, $0.id) }
    }

    func update(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ id: UUID, _ url: HTTPURL?,
        _ events: [String]?, _ isEnabled: Bool?, _ ifVersion: Int64?
    ) throws -> Webhook {
        try Platform.require(ifVersion, toBe: try lock(tx, workspace, id).version)
        return try tx.one(
            Webhooks.updateWebhook, workspace, id, url?.text, events.map { TextArray(Webhooks.once($0)) },
            isEnabled)
    }

    func delete(_ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ id: UUID) throws -> Done {
        guard try tx.execute(Webhooks.deleteWebhook, workspace, id) == 1 else { throw Webhooks.unknown }
        return Done()
    }

    /// Both boxes are sealed under the newest master key.
    func rotate(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ id: UUID, _ ifVersion: Int64?
    ) throws -> NewWebhook {
        let current = try lock(tx, workspace, id)
        try Platform.require(ifVersion, toBe: current.version)
        let vault = platform.vault
        let version = vault.currentKeyVersion
        try vault.register(version, in: tx)
        let salt = try Credentials(platform: platform).salt(tx, of: workspace)
        func place(_ field: Vault.Place.Field, _ version: Int64) -> Vault.Place {
            Vault.Place(workspace: workspace, credential: id, field: field, keyVersion: version)
        }
        let previous = try vault.open(
            current.secretBox, at: place(.signing, current.keyVersion), salt: salt)
        let secret = try SigningSecret.random()
        let webhook = try tx.one(
            Webhooks.updateSecret, workspace, id,
            try vault.seal(secret.key, at: place(.signing, version), salt: salt),
            try vault.seal(previous, at: place(.previousSigning, version), salt: salt), version)
        return NewWebhook(webhook: webhook, secret: secret.text)
    }

    func deliveries(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ id: UUID, _ status: String?,
        _ limit: Int64, _ cursor: Cursor?
    ) throws -> Page<WebhookDelivery> {
        guard try tx.first(Webhooks.hasWebhook, workspace, id) != nil else { throw Webhooks.unknown }
        let rows =
            if let status {
                try tx.all(
                    Webhooks.listDeliveriesOfStatus, workspace, id, cursor?.moment, cursor?.id, limit + 1,
                    status)
            } else {
                try tx.all(
                    Webhooks.listDeliveries, workspace, id, cursor?.moment, cursor?.id, limit + 1)
            }
        return Page(rows, limit: limit) { Cursor($0.createdAt, $0.id) }
    }

    func redeliver(
        _ tx: borrowing Transaction, _ access: Access, _ workspace: UUID, _ id: UUID
    ) throws -> WebhookDelivery {
        guard let webhook = try tx.first(Webhooks.findWebhookOfDelivery, workspace, id),
            let locked = try tx.first(Webhooks.lockWebhook, workspace, webhook)
        else { throw CallError(.notFound, "No such delivery") }
        guard locked.isEnabled else {
            throw CallError(.conflict, "The webhook is disabled; enable it first, by webhooks.update")
        }
        guard let delivery = try tx.first(Webhooks.resetDelivery, workspace, id) else {
            throw CallError(.notFound, "No such delivery")
        }
        tx.queue(Webhooks.setDue, workspace, webhook, expecting: 1)
        return delivery
    }

    private func lock(_ tx: borrowing Transaction, _ workspace: UUID, _ id: UUID) throws -> Locked {
        guard let webhook = try tx.first(Webhooks.lockWebhook, workspace, id) else { throw Webhooks.unknown }
        return webhook
    }

    private static let unknown = CallError(.notFound, "No such webhook")

    /// Each name once, in their order.
    private static func once(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}

extension Webhooks {
    /// One attempt now, whatever else waits; it is among the deliveries afterwards.
    func test(_ call: Call, _ workspace: UUID, _ id: UUID) async throws -> WebhookTest {
        let target = try await platform.transact(call) { tx in
            _ = try Authorization.check(call, in: tx)
            guard let target = try tx.first(Webhooks.getTarget, workspace, id) else {
                throw Webhooks.unknown
            }
            return target
        }
        guard platform.webhookTests.begin(id) else {
            throw CallError.unavailable("This webhook, or too many others, are being tested at the moment")
        }
        let start = MonotonicClock.now
        let event = UUID.random()
        let payload = Webhooks.testPayload(of: id)
        let answer: WebhookAnswer
        do {
            defer { platform.webhookTests.end(id) }
            answer = try await attempt(call, target, event, payload)
        }
        let test = WebhookTest(
            delivery: UUID.random(), event: event, answer: answer,
            durationMs: Int64((MonotonicClock.now - start) / 1_000_000))
        try await platform.transact(call) { tx in
            _ = try Authorization.check(call, in: tx)
            tx.queue(
                Webhooks.insertTest, workspace, id, test.delivery, event, EventType.test, payload,
                answer.isSuccess, answer.status, answer.error)
            try platform.conclude(tx, call, answer: WebhookTest.shape.body(of: test))
        }
        return test
    }

    private func attempt(
        _ call: Call, _ target: WebhookTarget, _ event: UUID, _ payload: String
    ) async throws -> WebhookAnswer {
        guard let client = platform.webhookClient else {
            return WebhookAnswer(error: "this daemon sends nothing")
        }
        let now = MonotonicClock.now
        let leftMs = Int((call.deadlineNanoseconds - min(now, call.deadlineNanoseconds)) / 1_000_000)
        // What came of it has to be told before the deadline.
        let sent = try await client.send(
            payload, event: event, to: target.url, secrets: try target.secrets(platform.vault),
            withinMs: leftMs / 4 * 3)
        guard let sent else { throw CallError.unavailable("It could not be sent at the moment") }
        return sent
    }

    private static func testPayload(of webhook: UUID) -> String {
        let json = JSONWriter.object { writer in
            writer.key("type")
            writer.string(EventType.test)
            writer.key("timestamp")
            writer.string(Timestamp.now.description)
            writer.key("data")
            writer.beginObject()
            writer.key("webhookId")
            writer.string(webhook.description)
            writer.endObject()
        }
        return String(decoding: json, as: UTF8.self)
    }
}
