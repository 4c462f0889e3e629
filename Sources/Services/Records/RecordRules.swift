import JSON
import RPC

/// What names and values of fields may be.
public enum RecordRules {
    /// In Unicode scalars.
    static let externalIDLength = 1...200
    /// In characters of ASCII.
    static let nameLength = 1...64
    /// The longest text of a field, in Unicode scalars.
    static let valueLength = 4096
    /// PostgreSQL writes a number out without exponent, so a few digits could become thousands.
    static let numberLength = 64
    static let largestExponent = 308

    /// Letters and digits of ASCII, `_`, `-`, `.`.
    public static func isName(_ name: String) -> Bool { isName(name.utf8) }

    static func isName(_ name: JSON) -> Bool { name.withUTF8 { isName($0) } ?? false }

    private static func isName(_ bytes: some Collection<UInt8>) -> Bool {
        nameLength.contains(bytes.count) && bytes.allSatisfy(isOfName)
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    public static let namesAre = "1 to \(nameLength.upperBound) letters and digits of ASCII, _, - and ."

    static let nameMisfit = Misfit(.format, "is no name of a field: \(namesAre)")

    /// Why a value that is not null cannot be one of a field; `nil` when it can.
    static func misfit(of value: JSON) -> Misfit? {
        switch value.kind {
        case .bool: nil
        case .number: isSmall(value) ? nil : numberMisfit
        case .string: textMisfit(of: value, 0...valueLength)
        case .null, .array, .object: Misfit(.type, "has to be a string, a number, true or false")
        }
    }

    private static let numberMisfit = Misfit(
        .range,
        "has to be a number of at most \(numberLength) characters and an exponent between -\(largestExponent) and \(largestExponent)"
    )

    private static func isSmall(_ number: JSON) -> Bool {
        let source = number.sourceBytes
        guard source.count <= numberLength else { return false }
        guard let mark = source.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "e") }) else { return true }
        let exponent = Int(String(decoding: source[(mark + 1)...], as: UTF8.self))
        return exponent.map { (-largestExponent...largestExponent).contains($0) } ?? false
    }

    /// What ``checkedText(_:_:)`` says, without making a `String` of it.
    static func textMisfit(of json: JSON, _ length: ClosedRange<Int>) -> Misfit? {
        let fault = json.withUTF8 { bytes -> Misfit? in
            var characters = 0
            var hasNUL = false
            for byte in bytes {
                if byte & 0xC0 != 0x80 { characters += 1 }
                if byte == 0 { hasNUL = true }
            }
            guard length.contains(characters) else {
                return Misfit(
                    .length, "has to have \(length.lowerBound) to \(length.upperBound) characters")
            }
            return hasNUL ? Misfit(.format, "must not contain the character NUL") : nil
        }
        guard let fault else { return Misfit(.type, "has to be a string") }
        return fault
    }
}

/// What records have to have to be listed.
struct RecordFilter: Sendable {
    static let mostFields = 5

    /// An object of names and values.
    let json: JSON

    init?(_ json: JSON, _ errors: inout [FieldError]) {
        let count = errors.count
        guard json.kind == .object else {
            errors.append(FieldError("filter", .type, "has to be an object"))
            return nil
        }
        guard json.count <= RecordFilter.mostFields else {
            errors.append(
                FieldError("filter", .length, "has to name at most \(RecordFilter.mostFields) fields"))
            return nil
        }
        if let name = json.duplicatedMember() {
            errors.append(FieldError("filter." + name.prefix(64), .duplicate, "stands there twice"))
        }
        for (name, value) in json.members {
            guard
                let misfit = RecordRules.isName(name)
                    ? RecordRules.misfit(of: value) : RecordRules.nameMisfit
            else { continue }
            errors.append(
                FieldError("filter." + (name.string ?? "").prefix(64), misfit))
        }
        guard errors.count == count else { return nil }
        self.json = json
    }
}
