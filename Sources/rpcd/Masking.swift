import Postgres

/// What may be shown of a value that may hold a password: where it leads, by what is known to be no secret.
enum Masking {
    static let mask = "***"

    /// Whether a value that should hold no secret is a URL with a user, and so maybe with a password.
    static func mayHoldPassword(_ value: String) -> Bool { value.contains("://") && value.contains("@") }

    /// Of libpq's keywords those that say where and as whom.
    private static let shownKeywords = ["host", "hostaddr", "port", "dbname", "user"]

    static func place(of value: String) -> String {
        if let keywords = ConnectionString.keywords(of: value) {
            let shown = shownKeywords.flatMap { name in keywords.filter { $0.keyword == name } }
            let rest = shown.count < keywords.count ? [mask] : []
            return (shown.map { "\($0.keyword)=\($0.value)" } + rest).joined(separator: " ")
        }
        guard let origin = origin(of: value) else { return mask }
        return origin + "/" + mask
    }

    /// `scheme://host:port` of a URL. Nil where a password could be in it: one that is not percent-encoded may look like anything.
    private static func origin(of value: String) -> String? {
        let parts = value.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty,
            parts[0].allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) })
        else { return nil }
        let authority = parts[1].prefix { !"/?#".contains($0) }
        guard !parts[1].dropFirst(authority.count).contains("@"),
            authority.filter({ $0 == "@" }).count <= 1
        else { return nil }
        return parts[0] + "://"
            + (authority.split(separator: "@", omittingEmptySubsequences: false).last ?? "")
    }
}
