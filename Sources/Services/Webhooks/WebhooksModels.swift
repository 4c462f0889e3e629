import Identifiers
import JSON
import Postgres
import RPC

/// An endpoint of a workspace, without its secret.
struct Webhook: Sendable {
    /// Why nothing is sent to it.
    enum DisabledReason: String, Sendable, CaseIterable {
        /// By `webhooks.update`.
        case manual
        /// It answered 410.
        case gone
        /// For days.
        case failing
    }

    let id: UUID
    let url: String
    let events: [String]
    let isEnabled: Bool
    let disabledReason: DisabledReason?
    let failingSince: Timestamp?
    let previousExpiresAt: Timestamp?
    let version: Int64
    let createdAt: Timestamp
    let updatedAt: Timestamp

    /// From the columns of ``Webhooks/listWebhooks``.
    init(_ row: borrowing RowReader) throws {
        id = try row.get(0)
        url = try row.get(1)
        events = try row.get(2, as: String.self).split(separator: ",").map(String.init)
        isEnabled = try row.get(3)
        disabledReason = try row.getOptional(4, as: String.self).flatMap { DisabledReason(rawValue: $0) }
        failingSince = try row.getOptional(5)
        previousExpiresAt = try row.getOptional(6)
        version = try row.get(7)
        createdAt = try row.get(8)
        updatedAt = try row.get(9)
    }

    private static func fields<Value>(_ webhook: @escaping @Sendable (Value) -> Webhook) -> [Field<Value>] {
        [
            Field("id", .uuid, "The webhook.") { webhook($0).id },
            Field("url", .string, "Where messages go.") { webhook($0).url },
            Field("events", Shape.string.list, "Which events; `*` is every one.") { webhook($0).events },
            Field("enabled", .boolean, "Whether anything is sent.") { webhook($0).isEnabled },
            Field(
                "disabledReason", Shape.choice(DisabledReason.self).nullable,
                "Why not: manual, by `webhooks.update`; gone, it answered 410; failing, for five days."
            ) { webhook($0).disabledReason },
            Field("failingSince", Shape.timestamp.nullable, "Since when nothing has come through.") {
                webhook($0).failingSince
            },
            Field(
                "previousSecretExpiresAt", Shape.timestamp.nullable,
                "Until when messages are signed with the secret before, too."
            ) { webhook($0).previousExpiresAt },
            Field("version", .integer, "Counts the changes; give it as `ifVersion`.") { webhook($0).version },
            Field("createdAt", .timestamp, "When it was made.") { webhook($0).createdAt },
            Field("updatedAt", .timestamp, "When it was last changed.") { webhook($0).updatedAt },
        ]
    }

    static let shape: Shape<Webhook> = .object("Webhook", version: { $0.version }, fields { $0 })

    fileprivate static let newShape: Shape<NewWebhook> = .object(
        "NewWebhook", version: { $0.webhook.version },
        fields { $0.webhook } + [
            Field("secret", .secret, "What messages are signed with, `whsec_…`; shown once.") { $0.secret }
        ])
}

/// A webhook in the answer that shows its secret.
struct NewWebhook: Sendable {
    let webhook: Webhook
    let secret: String

    static let shape = Webhook.newShape
}

/// One event for one webhook.
struct WebhookDelivery: Sendable {
    enum Status: String, Sendable, CaseIterable {
        case pending, delivered, failed
    }

    let id: UUID
    let webhookID: UUID
    let eventID: UUID
    let type: String
    let status: Status
    let attempts: Int64
    let dueAt: Timestamp
    let lastStatus: Int64?
    let lastError: String?
    let createdAt: Timestamp
    let deliveredAt: Timestamp?

    /// From the columns of ``Webhooks/listDeliveries``.
    init(_ row: borrowing RowReader) throws {
        id = try row.get(0)
        webhookID = try row.get(1)
        eventID = try row.get(2)
        type = try row.get(3)
        status = Status(rawValue: try row.get(4, as: String.self)) ?? .failed
        attempts = try row.get(5)
        dueAt = try row.get(6)
        lastStatus = try row.getOptional(7)
        lastError = try row.getOptional(8)
        createdAt = try row.get(9)
        deliveredAt = try row.getOptional(10)
    }

    static let shape: Shape<WebhookDelivery> = .object(
        "WebhookDelivery", Field("id", .uuid, "The delivery.") { $0.id },
        Field("webhookId", .uuid, "To whom.") { $0.webhookID },
        Field("messageId", .string, "The header `webhook-id` of every attempt.") { "msg_\($0.eventID)" },
        Field("type", .string, "Of the event.") { $0.type },
        Field("status", .choice(Status.self), "pending: it is tried again; failed: it is not.") { $0.status },
        Field("attempts", .integer, "So far.") { $0.attempts },
        Field("nextAttemptAt", Shape.timestamp.nullable, "Not before.") {
            $0.status == .pending ? $0.dueAt : nil
        },
        Field("lastStatus", Shape.integer.nullable, "What the last attempt was answered.") { $0.lastStatus },
        Field("lastError", Shape.string.nullable, "Why it was not, or was not taken for an answer.") {
            $0.lastError
        },
        Field("createdAt", .timestamp, "When it was made.") { $0.createdAt },
        Field("deliveredAt", Shape.timestamp.nullable, "When it was answered 2xx.") { $0.deliveredAt })
}

/// What an endpoint answered to a test.
struct WebhookTest: Sendable {
    let delivery: UUID
    let event: UUID
    let answer: WebhookAnswer
    let durationMs: Int64

    static let shape: Shape<WebhookTest> = .object(
        "WebhookTest", Field("deliveryId", .uuid, "The test among the deliveries.") { $0.delivery },
        Field("messageId", .string, "The header `webhook-id`.") { "msg_\($0.event)" },
        Field("delivered", .boolean, "Whether it was answered 2xx.") { $0.answer.isSuccess },
        Field("status", Shape.integer.nullable, "What it was answered.") { $0.answer.status.map(Int64.init) },
        Field("error", Shape.string.nullable, "Why it was not.") { $0.answer.error },
        Field("durationMs", .integer, "From the beginning to the answer.") { $0.durationMs })
}
