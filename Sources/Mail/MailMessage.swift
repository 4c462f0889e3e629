import Identifiers

/// A message with the same text twice, plain and as HTML (RFC 2046 §5.1.4).
public struct MailMessage: Sendable {
    /// The same for every attempt to deliver it: a receiver who got it twice can tell.
    public let id: UUID
    public let from: MailAddress
    public let to: String
    public let subject: String
    public let text: String
    public let html: String
    public let date: Timestamp

    public init(
        id: UUID, from: MailAddress, to: String, subject: String, text: String, html: String, date: Timestamp
    ) {
        self.id = id
        self.from = from
        self.to = to
        self.subject = subject
        self.text = text
        self.html = html
        self.date = date
    }

    /// RFC 5322, lines ending in CRLF, nothing but ASCII.
    public var bytes: [UInt8] {
        let boundary = "rpcd-\(id)"
        let lines = [
            "From: \(from.header)", "To: <\(to)>", "Subject: \(EncodedWord.encode(subject))",
            "Date: \(date.mailDate)", "Message-ID: <\(id)@\(from.domain)>", "MIME-Version: 1.0",
            // RFC 3834 §5: no out-of-office answers, please.
            "Auto-Submitted: auto-generated",
            "Content-Type: multipart/alternative; boundary=\"\(boundary)\"", "",
            "--\(boundary)", "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable", "", QuotedPrintable.encode(text),
            "--\(boundary)", "Content-Type: text/html; charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable", "", QuotedPrintable.encode(html),
            "--\(boundary)--", "",
        ]
        return Array(lines.joined(separator: "\r\n").utf8)
    }
}

/// Who a message is from: `rpcd <rpcd@example.org>`, or the address alone.
public struct MailAddress: Sendable, Equatable {
    public let name: String
    public let address: String

    /// `nil` for what is neither, and for what could end a header line.
    public init?(_ text: String) {
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            return nil
        }
        var name = ""
        var address = text
        if let open = text.lastIndex(of: "<"), text.hasSuffix(">") {
            name = String(text[..<open]).trimmingSpaces
            address = String(text[text.index(after: open)...].dropLast())
        }
        let parts = address.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }),
            address.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !"<>\",;:()[]\\".utf8.contains($0) })
        else { return nil }
        self.name = name
        self.address = address
    }

    var domain: Substring { address.split(separator: "@").last ?? "localhost" }

    var header: String { name.isEmpty ? "<\(address)>" : "\(EncodedWord.encode(name)) <\(address)>" }
}

/// Text in a header, RFC 2047.
enum EncodedWord {
    /// As it is where every header takes it so, else in words of at most 75 characters.
    static func encode(_ text: String) -> String {
        let isPlain =
            text.utf8.count <= 60
            && text.utf8.allSatisfy {
                isAlphanumeric($0) || $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "-")
            }
        guard !isPlain else { return text }
        var words: [String] = []
        var bytes: [UInt8] = []
        // A character is never split: each word has to be text of its own (§5).
        for character in text.unicodeScalars {
            let next = Array(String(character).utf8)
            if bytes.count + next.count > 42 {
                words.append(Base64.encode(bytes))
                bytes = []
            }
            bytes += next
        }
        words.append(Base64.encode(bytes))
        return words.map { "=?UTF-8?B?\($0)?=" }.joined(separator: "\r\n ")
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}

/// RFC 2045 §6.7.
enum QuotedPrintable {
    private static let longestLine = 76

    static func encode(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map(encodeLine).joined(
            separator: "\r\n")
    }

    private static func encodeLine(_ line: Substring) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let bytes = Array(line.utf8)
        var result: [UInt8] = []
        var length = 0
        for (index, byte) in bytes.enumerated() {
            let isLast = index == bytes.count - 1
            let isPlain =
                (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "=")
                || byte == UInt8(ascii: " ") && !isLast
            let token =
                isPlain ? [byte] : [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            if length + token.count > (isLast ? longestLine : longestLine - 1) {
                result += Array("=\r\n".utf8)
                length = 0
            }
            result += token
            length += token.count
        }
        return String(decoding: result, as: UTF8.self)
    }
}

/// RFC 4648 §4.
private enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let value = group.reduce(0) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for place in 0..<4 {
                let isPadding = place > group.count
                text.append(
                    isPadding ? UInt8(ascii: "=") : alphabet[Int(value >> UInt32(18 - 6 * place)) & 63])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        guard let first = firstIndex(where: { $0 != " " }), let last = lastIndex(where: { $0 != " " }) else {
            return ""
        }
        return String(self[first...last]).filter { $0 != "\"" }
    }
}

extension Timestamp {
    /// RFC 5322 §3.3, as `Tue, 24 Nov 2026 15:00:00 +0000`.
    var mailDate: String {
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        // As `2026-11-24T15:00:00.000Z`.
        let parts = description.split { "-T:.Z".contains($0) }
        let day = ((seconds / 86_400) % 7 + 7) % 7
        guard parts.count >= 6, let month = Int(parts[1]), (1...12).contains(month) else { return "" }
        return
            "\(days[Int(day)]), \(parts[2]) \(months[month - 1]) \(parts[0]) \(parts[3]):\(parts[4]):\(parts[5]) +0000"
    }
}
