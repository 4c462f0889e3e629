import Identifiers

/// The header `Retry-After` (RFC 9110 §10.2.3): so many seconds, or a date as `Sun, 06 Nov 1994 08:49:37 GMT`.
enum RetryAfter {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// From now on, never below 0; `nil` when it makes no sense. The obsolete forms of a date are not read.
    static func seconds(_ text: String, now: Timestamp) -> Int64? {
        if text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            return text.isEmpty ? nil : Int64(text) ?? .max
        }
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 6, words[0].utf8.count == 4, words[0].hasSuffix(","), words[5] == "GMT",
            let month = months.firstIndex(where: { $0 == words[2] }),
            let moment = Timestamp(
                rfc3339: "\(words[3])-\(month < 9 ? "0" : "")\(month + 1)-\(words[1])T\(words[4])Z")
        else { return nil }
        return max(0, moment.seconds - now.seconds)
    }
}
