/// A stored argon2id hash, `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<tag>`: the PHC string format, parameters in
/// the reference implementation's order, base64 without padding.
///
/// Parsing is strict and capped: what it returns may be computed without a further look.
struct PHCString: Equatable, Sendable {
    let cost: PasswordHash.Cost
    let salt: [UInt8]
    let tag: [UInt8]

    /// Most memory a stored hash may ask for, in KiB.
    static let maximumMemoryKiB: UInt32 = 65_536
    static let maximumPasses: UInt32 = 8
    static let maximumLanes: UInt32 = 4
    /// libargon2 takes no salt below 8 bytes.
    static let saltLengths = 8...64
    /// A shorter tag would be found by guessing.
    static let tagLengths = 16...64
    static let maximumLength = 256

    init(cost: PasswordHash.Cost, salt: [UInt8], tag: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.tag = tag
    }

    /// Nil unless `text` is spelt exactly as `text` of a value within the caps.
    init?(parsing text: String) {
        guard text.utf8.count <= Self.maximumLength else { return nil }
        let fields = text.split(separator: "$", omittingEmptySubsequences: false)
        guard fields.count == 6, fields[0].isEmpty, fields[1] == "argon2id", fields[2] == "v=19" else {
            return nil
        }
        let parameters = fields[3].split(separator: ",", omittingEmptySubsequences: false)
        guard parameters.count == 3,
            let memory = Self.number(parameters[0], "m=", upTo: Self.maximumMemoryKiB),
            let passes = Self.number(parameters[1], "t=", upTo: Self.maximumPasses),
            let lanes = Self.number(parameters[2], "p=", upTo: Self.maximumLanes),
            memory >= 8 * lanes,
            let salt = UnpaddedBase64.standard.decode(fields[4].utf8), Self.saltLengths.contains(salt.count),
            let tag = UnpaddedBase64.standard.decode(fields[5].utf8), Self.tagLengths.contains(tag.count)
        else { return nil }
        self.init(cost: .init(memoryKiB: memory, passes: passes, lanes: lanes), salt: salt, tag: tag)
    }

    var text: String {
        let base64 = UnpaddedBase64.standard
        return "$argon2id$v=19$m=\(cost.memoryKiB),t=\(cost.passes),p=\(cost.lanes)"
            + "$\(base64.encode(salt))$\(base64.encode(tag))"
    }

    /// A decimal number from 1, without sign or leading zero.
    private static func number(_ field: Substring, _ name: String, upTo maximum: UInt32) -> UInt32? {
        guard field.hasPrefix(name) else { return nil }
        let digits = field.dropFirst(name.count)
        guard let first = digits.utf8.first, (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(first),
            let value = UInt32(digits), value <= maximum
        else { return nil }
        return value
    }
}
