import Identifiers
import Resilience

/// Where a call stands in a trace (W3C Trace Context, level 1). Every call of a daemon that traces has one, so it is numbers until somebody reads it.
public struct TraceContext: Sendable, Equatable {
    private let trace: (high: UInt64, low: UInt64)
    private let span: UInt64
    private let parent: UInt64?
    /// Whether it is recorded.
    public let isSampled: Bool

    /// 32 lower-case hexadecimal digits, not all zero.
    public var traceID: String { TraceContext.digits(trace.high) + TraceContext.digits(trace.low) }
    /// 16 of them: of this call.
    public var spanID: String { TraceContext.digits(span) }
    /// Of the caller, where there is one.
    public var parentID: String? { parent.map(TraceContext.digits) }

    /// The trace that a piece of work belongs to, for what it sends.
    @TaskLocal public static var current: TraceContext?

    /// As a header of what is sent on its behalf.
    public var header: String { "00-\(traceID)-\(spanID)-\(isSampled ? "01" : "00")" }

    /// A span below the one that `header` tells of, or the first of a trace where it tells of none.
    /// - Parameter ratio: of traces that begin here, the part that is recorded: 0 to 1.
    public init(below header: String?, ratio: Double) {
        if let parent = header.flatMap(TraceContext.parse) {
            self.init(
                (parent.trace.high, parent.trace.low), span: .random(in: 1 ... .max), parent: parent.span,
                isSampled: parent.isSampled)
        } else {
            let trace: (UInt64, UInt64) = (.random(in: 1 ... .max), .random(in: .min ... .max))
            // The first span is as random as its trace, and costs no more of what is random.
            var mixed = SplitMix64(seed: trace.0 ^ trace.1)
            self.init(
                trace, span: max(1, mixed.next()), parent: nil,
                isSampled: TraceContext.isChosen(trace.1, ratio))
        }
    }

    /// A span of the trace that goes by an id. Whoever asks comes to the same decision whether it is recorded.
    init(of id: UUID, ratio: Double) {
        let digits = id.description.utf8.filter { $0 != UInt8(ascii: "-") }
        func half(_ bytes: ArraySlice<UInt8>) -> UInt64 {
            UInt64(String(decoding: bytes, as: UTF8.self), radix: 16) ?? 0
        }
        let trace = (half(digits.prefix(16)), half(digits.suffix(16)))
        self.init(
            trace, span: .random(in: 1 ... .max), parent: nil,
            isSampled: TraceContext.isChosen(trace.1, ratio))
    }

    private init(_ trace: (UInt64, UInt64), span: UInt64, parent: UInt64?, isSampled: Bool) {
        self.trace = (trace.0, trace.1)
        self.span = span
        self.parent = parent
        self.isSampled = isSampled
    }

    /// By the last digits, which are random in every version of UUIDs in use.
    private static func isChosen(_ low: UInt64, _ ratio: Double) -> Bool {
        Double(low & 0xFFFF_FFFF) / 4_294_967_296 < ratio
    }

    /// What does not follow the recommendation is as if it were not there.
    static func parse(_ header: String) -> TraceContext? {
        let parts = header.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4, isHex(parts[0], 2), parts[0] != "ff", isHex(parts[1], 32),
            isHex(parts[2], 16),
            isHex(parts[3], 2), parts.count == 4 || parts[0] != "00",
            let high = UInt64(parts[1].prefix(16), radix: 16),
            let low = UInt64(parts[1].suffix(16), radix: 16),
            let span = UInt64(parts[2], radix: 16), high | low != 0, span != 0,
            let flags = UInt8(parts[3], radix: 16)
        else { return nil }
        return TraceContext((high, low), span: span, parent: nil, isSampled: flags & 1 == 1)
    }

    private static func isHex(_ text: Substring, _ count: Int) -> Bool {
        text.utf8.count == count
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private static func digits(_ value: UInt64) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }

    public static func == (a: TraceContext, b: TraceContext) -> Bool {
        a.trace == b.trace && a.span == b.span && a.parent == b.parent && a.isSampled == b.isSampled
    }
}

/// Says which calls have a place in a trace.
public struct TraceSampler: Sendable {
    /// Of traces that begin here, the part that is recorded: 0 to 1.
    let ratio: Double

    public init(ratio: Double) { self.ratio = ratio }

    func context(_ header: String?) -> TraceContext { TraceContext(below: header, ratio: ratio) }
}
