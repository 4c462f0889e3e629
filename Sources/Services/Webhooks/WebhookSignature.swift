import Cryptography
import Identifiers

/// What a webhook's messages are signed with. It is shown as `whsec_` and base64, once.
struct SigningSecret: Sendable {
    let key: SecretBytes

    /// Standard Webhooks asks for 24 to 64.
    static let bytes = 32
    private static let prefix = "whsec_"

    static func random() throws -> SigningSecret {
        SigningSecret(key: try SecretBytes.random(count: bytes))
    }

    /// For its owner alone.
    var text: String { SigningSecret.prefix + Base64.encode(key.withUnsafeBytes { Array($0) }) }
}

/// One message to one endpoint, by Standard Webhooks 1.0.0.
struct WebhookMessage: Sendable {
    /// The same in every attempt, and at every webhook that gets this event.
    let id: String
    /// When this attempt is made, in seconds since 1970.
    let timestamp: Int64
    let payload: [UInt8]

    init(event: UUID, timestamp: Int64, payload: [UInt8]) {
        self.init(id: "msg_\(event)", timestamp: timestamp, payload: payload)
    }

    init(id: String, timestamp: Int64, payload: [UInt8]) {
        self.id = id
        self.timestamp = timestamp
        self.payload = payload
    }

    /// The value of `webhook-signature`: a signature for each secret, the newest first.
    func signature(_ secrets: [SigningSecret]) throws(CryptographyError) -> String {
        let signed = Array("\(id).\(timestamp).".utf8) + payload
        var signatures: [String] = []
        for secret in secrets {
            let tag = try HMACSHA256.authenticate(key: secret.key, message: signed)
            signatures.append("v1," + Base64.encode(tag))
        }
        return signatures.joined(separator: " ")
    }
}
