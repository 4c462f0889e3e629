import Identifiers

/// Where a call stands in a trace (W3C Trace Context, level 1).
public struct TraceContext: Sendable, Equatable {
    /// 32 lower-case hexadecimal digits, not all zero.
    public let traceID: String
    /// 16 of them: of this call.
    public let spanID: String
    /// Of the caller, where there is one.
    public let parentID: String?
    /// Whether it is recorded.
    public let isSampled: Bool

    /// The trace that a piece of work belongs to, for what it sends.
    @TaskLocal public static var current: TraceContext?

    /// As a header of what is sent on its behalf.
    public var header: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

    /// A span below the one that `header` tells of, or the first of a trace where it tells of none.
    /// - Parameter samples: whether a trace that begins here is recorded.
    public init(below header: String?, samples: () -> Bool) {
        let parent = header.flatMap(TraceContext.parse)
        traceID =
            parent?.traceID ?? TraceContext.digits(.random(in: 1 ... .max))
            + TraceContext.digits(.random(in: .min ... .max))
        spanID = TraceContext.digits(.random(in: 1 ... .max))
        parentID = parent?.spanID
        isSampled = parent?.isSampled ?? samples()
    }

    /// A span of the trace that goes by an id. Whoever asks comes to the same decision whether it is recorded.
    init(of id: UUID, ratio: Double) {
        let digits = String(decoding: id.description.utf8.filter { $0 != UInt8(ascii: "-") }, as: UTF8.self)
        // The last digits are random in every version of UUIDs in use.
        let share =
            Double(UInt32(String(decoding: digits.utf8.suffix(8), as: UTF8.self), radix: 16) ?? 0)
            / 4_294_967_296
        self.init(
            traceID: digits, spanID: TraceContext.digits(.random(in: 1 ... .max)), isSampled: share < ratio)
    }

    private init(traceID: String, spanID: String, isSampled: Bool) {
        self.traceID = traceID
        self.spanID = spanID
        parentID = nil
        self.isSampled = isSampled
    }

    /// What does not follow the recommendation is as if it were not there.
    static func parse(_ header: String) -> TraceContext? {
        let parts = header.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, isHex(parts[0], 2), parts[0] != "ff", isHex(parts[1], 32),
            isHex(parts[2], 16),
            isHex(parts[3], 2), parts.count == 4 || parts[0] != "00",
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" }),
            let flags = UInt8(parts[3], radix: 16)
        else { return nil }
        return TraceContext(traceID: String(parts[1]), spanID: String(parts[2]), isSampled: flags & 1 == 1)
    }

    private static func isHex(_ text: Substring, _ count: Int) -> Bool {
        text.utf8.count == count
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private static func digits(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}

/// Says which calls have a place in a trace.
public struct TraceSampler: Sendable {
    /// Of traces that begin here, the part that is recorded: 0 to 1.
    let ratio: Double

    public init(ratio: Double) { self.ratio = ratio }

    func context(_ header: String?) -> TraceContext {
        TraceContext(below: header) { ratio >= 1 || ratio > 0 && Double.random(in: 0..<1) < ratio }
    }
}
