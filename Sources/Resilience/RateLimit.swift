/// How often something may happen: `count` at once, and `count` again spread evenly over each period.
public struct RateLimit: Sendable, Equatable {
    /// How many a period, and how many at once; 0 when the limit is off.
    public let count: Int
    /// Length of the period in seconds.
    public let seconds: Int

    /// No limit.
    public static let off = RateLimit(unchecked: 0, seconds: 1)

    public static let maximumCount = 1_000_000
    /// One day.
    public static let maximumSeconds = 86_400

    /// Nil unless `count` is 1 to `maximumCount` and `seconds` 1 to `maximumSeconds`.
    public init?(_ count: Int, per seconds: Int) {
        guard (1...Self.maximumCount).contains(count), (1...Self.maximumSeconds).contains(seconds) else {
            return nil
        }
        self.init(unchecked: count, seconds: seconds)
    }

    /// A setting as people write it: `20/s`, `5/min`, `100/hour`, `1000/day` or `off`; nil when it is none of these.
    public init?(parsing text: String) {
        if text == "off" {
            self = .off
            return
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let unit = Self.units.first(where: { $0.name == parts[1] }),
            let first = parts[0].utf8.first, (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(first),
            let count = Int(parts[0])
        else { return nil }
        self.init(count, per: unit.seconds)
    }

    private init(unchecked count: Int, seconds: Int) {
        self.count = count
        self.seconds = seconds
    }

    public var isOff: Bool { count == 0 }

    private static let units = [("s", 1), ("min", 60), ("hour", 3_600), ("day", 86_400)].map {
        (name: $0.0, seconds: $0.1)
    }
}

extension RateLimit: CustomStringConvertible {
    /// As `init(parsing:)` takes it where the period has a name, else `5/90s`.
    public var description: String {
        guard !isOff else { return "off" }
        let unit = Self.units.first { $0.seconds == seconds }?.name ?? "\(seconds)s"
        return "\(count)/\(unit)"
    }
}
