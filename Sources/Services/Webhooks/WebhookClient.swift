import Cryptography
import Egress
import Identifiers
import RPC
import Resilience

/// Where messages go, and with which secrets they are signed.
struct WebhookTarget: Sendable {
    let id: UUID
    let workspace: UUID
    let url: String
    let secretBox: [UInt8]
    /// Of a secret that is still in force.
    let previousBox: [UInt8]?
    let keyVersion: Int64
    let salt: [UInt8]

    /// The newest first.
    /// - Throws: when the boxes do not open.
    func secrets(_ vault: Vault) throws -> [SigningSecret] {
        let key = try vault.workspaceKey(keyVersion, salt)
        func open(_ box: [UInt8], _ field: Vault.Place.Field) throws -> SigningSecret {
            let place = Vault.Place(
                workspace: workspace, credential: id, field: field, keyVersion: keyVersion)
            return SigningSecret(key: try vault.open(box, at: place, key: key))
        }
        return [try open(secretBox, .signing)]
            + (try previousBox.map { [try open($0, .previousSigning)] } ?? [])
    }
}

/// Makes single attempts, through the guarded client: no redirect is followed, and of the answer only its status and `Retry-After` matter.
struct WebhookClient: Sendable {
    private let http: HTTPClient
    /// For an answer, in milliseconds.
    let timeoutMs: Int

    /// What of an answer is read to keep its connection; none of it is kept.
    private static let answerBytes = 64 * 1024
    private static let errorCharacters = 500

    init(_ http: HTTPClient, timeoutMs: Int = 15_000) {
        self.http = http
        self.timeoutMs = timeoutMs
    }

    /// - Returns: `nil` when it was not made for reasons of the daemon's own, or broken off because that stops.
    func send(
        _ payload: String, event: UUID, to url: String, secrets: [SigningSecret], withinMs: Int = .max
    ) async throws -> WebhookAnswer? {
        let message = WebhookMessage(
            event: event, timestamp: Timestamp.now.seconds, payload: Array(payload.utf8))
        let signature = try message.signature(secrets)
        do throws(HTTPFailure) {
            let trace = TraceContext.current.map { [("traceparent", $0.header)] } ?? []
            var request = try HTTPRequest(
                .post, url,
                headers: [
                    ("content-type", "application/json"), ("webhook-id", message.id),
                    ("webhook-timestamp", "\(message.timestamp)"), ("webhook-signature", signature),
                ] + trace, body: message.payload)
            request.timeoutMs = max(1, min(timeoutMs, withinMs))
            request.connectTimeoutMs = min(request.connectTimeoutMs, request.timeoutMs)
            request.maximumRedirects = 0
            request.maximumBodyBytes = WebhookClient.answerBytes
            request.needsWholeBody = false
            // Its id tells a receiver that he has it already.
            request.isRepeatable = true
            let response = try await http.send(request)
            return WebhookAnswer(
                status: response.status,
                error: (300...399).contains(response.status) ? "redirects are not followed" : nil,
                retryAfterSeconds: response.headers["retry-after"].flatMap {
                    RetryAfter.seconds(parsing: $0, unixSeconds: Timestamp.now.seconds).map(Int64.init)
                })
        } catch {
            switch error.reason {
            case .cancelled, .closed, .busy, .broken: return nil
            case .refusedURL, .refusedRequest, .refusedAddress, .resolve, .connect, .tls, .timeout, .tooLarge,
                .tooManyRedirects, .truncated, .unreadable:
                return WebhookAnswer(
                    error: String(error.descriptionForOutsiders.prefix(WebhookClient.errorCharacters)))
            }
        }
    }
}
