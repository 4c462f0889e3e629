import RPC

/// An email address in its normal form: lower case, ASCII (RFC 5321 §4.1.2 without quoted parts and address literals).
///
/// Letters beyond ASCII are refused rather than folded: look-alikes of an address must not be accounts of their own.
struct Email: Sendable, Equatable {
    let text: String

    init?(_ text: String) {
        // Before letters are folded: the Kelvin sign is a `k` afterwards.
        guard (3...254).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            return nil
        }
        let lower = text.lowercased()
        let parts = lower.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let local = parts.first, let domain = parts.last,
            (1...64).contains(local.utf8.count)
        else { return nil }
        let words = local.split(separator: ".", omittingEmptySubsequences: false)
        let labels = domain.split(separator: ".", omittingEmptySubsequences: false)
        guard words.allSatisfy(Email.isAtom), labels.count >= 2, labels.allSatisfy(Email.isLabel) else {
            return nil
        }
        self.text = lower
    }

    private static func isAtom(_ word: Substring) -> Bool {
        !word.isEmpty
            && word.utf8.allSatisfy { isAlphanumeric($0) || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0) }
    }

    private static func isLabel(_ label: Substring) -> Bool {
        (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
            && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

extension Param where Value == Email {
    static func email(_ name: String, _ summary: String) -> Param {
        Param(name, .string(length: 3...254, format: "email"), summary) { json in
            guard let text = json.string else { return .failure(Misfit(.type, "has to be a string")) }
            guard let email = Email(text) else {
                return .failure(Misfit(.format, "has to be an email address, as ada@example.org"))
            }
            return .success(email)
        }
    }
}

/// A password on its way to its hash. Prints as three stars.
struct Password: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let bytes: [UInt8]

    var description: String { "***" }
    var debugDescription: String { "***" }
    var customMirror: Mirror { Mirror(self, children: []) }

    static let length = 12...128
}

extension Param where Value == Password {
    /// - Parameter length: in Unicode scalars; an existing password is only compared, so any length will do.
    static func password(
        _ name: String, length: ClosedRange<Int> = Password.length, _ summary: String
    ) -> Param {
        Param(name, .string(length: length, format: "password"), summary) { json in
            checkedText(json, length).map { Password(bytes: Array($0.utf8)) }
        }
    }
}
