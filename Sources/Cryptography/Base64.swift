/// Base64 with padding, RFC 4648 §4.
public enum Base64 {
    /// Spells `bytes` with `A–Z a–z 0–9 + /`, padded with `=`.
    public static func encode(_ bytes: [UInt8]) -> String {
        let text = UnpaddedBase64.standard.encode(bytes)
        return text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
    }
}
