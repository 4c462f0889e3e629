/// How far long work is, how fast it goes and when it will be done, in figures and in words. It knows no clock: every
/// instant is a parameter, in nanoseconds, such as `MonotonicClock.now`.
///
/// What is counted for people and what measures the way need not be the same: an import counts rows, and knows how many
/// bytes its file has; a job counts its records, and knows how many there are.
public struct ProgressMeter: Sendable {
    private struct Sample {
        let done: Int
        let count: Int
        let instant: UInt64
    }

    /// What is counted, as it stands behind the figure: `rows`.
    public let unit: String
    /// All that has to be done, in bytes or whatever measures the way; nil when nobody knows.
    public let total: Int?
    private let first: Sample
    private var last: Sample
    /// Some of the latest, oldest first, a second or more apart: the rate is that since the oldest.
    private var window: [Sample]

    private static let windowSamples = 16
    private static let sampleNanoseconds: UInt64 = 1_000_000_000

    /// - Parameters:
    ///   - done: of `total`, before this run; an import that goes on in the middle of a file starts there.
    ///   - count: of `unit`, before this run.
    public init(unit: String, total: Int?, done: Int = 0, count: Int = 0, now: UInt64) {
        self.unit = unit
        self.total = total.map { max(0, $0) }
        first = Sample(done: max(0, done), count: max(0, count), instant: now)
        last = first
        window = [first]
    }

    /// Where the work is now. An instant or a figure before the last one counts as the last one.
    public mutating func update(done: Int, count: Int, now: UInt64) {
        last = Sample(
            done: max(last.done, done), count: max(last.count, count), instant: max(last.instant, now))
        guard let newest = window.last, last.instant - newest.instant >= Self.sampleNanoseconds else {
            return
        }
        window.append(last)
        if window.count > Self.windowSamples { window.removeFirst() }
    }

    /// For work that measures its way by what it counts.
    public mutating func update(_ count: Int, now: UInt64) { update(done: count, count: count, now: now) }

    /// From less time no rate is made: what had ended before anybody looked would seem fast.
    private static let shortestNanoseconds: UInt64 = 10_000_000

    /// Of `unit`, lately; nil while hardly any time has passed.
    public var perSecond: Double? { rate(since: window.first ?? first, of: \.count) }

    /// Of the total, 0 to 100, rounded down so that 100 is the end; nil without a total.
    public var percent: Int? {
        guard let total else { return nil }
        guard last.done < total else { return 100 }
        return min(99, Int(Double(last.done) / Double(total) * 100))
    }

    /// At the pace of late; nil without a total, or while nothing moves.
    public var secondsLeft: Double? {
        guard let total, let pace = rate(since: window.first ?? first, of: \.done), pace > 0 else {
            return nil
        }
        return Double(max(0, total - last.done)) / pace
    }

    /// One line for a terminal: `  412,000 rows  41 %  96,300/s  6 s left`; what is not known is left out.
    public var line: String {
        var parts = [amount]
        if let percent { parts.append("\(percent) %") }
        if let perSecond { parts.append(Self.rate(perSecond)) }
        if let secondsLeft { parts.append(Self.duration(secondsLeft) + " left") }
        return parts.joined(separator: "  ")
    }

    /// What is done of the way: `[########............]`; nil without a total.
    /// - Parameter width: between the brackets, 1 to 200 characters.
    public func bar(width: Int = 20) -> String? {
        guard let percent else { return nil }
        let width = min(max(width, 1), 200)
        let filled = width * percent / 100
        return "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
            + "]"
    }

    /// What this run did, for its end: `1,000,000 rows  in 11 s  93,700/s`.
    public var summary: String {
        let seconds = Double(last.instant - first.instant) / 1e9
        var parts = [Self.grouped(last.count - first.count) + " " + unit, "in " + Self.duration(seconds)]
        if let average = rate(since: first, of: \.count) { parts.append(Self.rate(average)) }
        return parts.joined(separator: "  ")
    }

    /// Wide enough for millions, so that the line does not jump.
    private var amount: String {
        let figure = Self.grouped(last.count)
        return String(repeating: " ", count: max(0, 9 - figure.utf8.count)) + figure + " " + unit
    }

    private func rate(since start: Sample, of measure: KeyPath<Sample, Int>) -> Double? {
        guard last.instant >= start.instant, last.instant - start.instant >= Self.shortestNanoseconds else {
            return nil
        }
        let seconds = Double(last.instant - start.instant) / 1e9
        return Double(last[keyPath: measure] - start[keyPath: measure]) / seconds
    }
}

extension ProgressMeter {
    /// Larger figures are of no use to anybody, and would not fit an `Int`.
    private static let largest = 1e15

    /// `1,234,567`
    static func grouped(_ value: Int) -> String {
        let digits = Array(String(value.magnitude))
        let groups = stride(from: digits.count % 3 - 3, to: digits.count, by: 3).compactMap { start in
            start + 3 > 0 ? String(digits[max(0, start)..<start + 3]) : nil
        }
        return (value < 0 ? "-" : "") + groups.joined(separator: ",")
    }

    /// Three figures of it, for more would only flicker: `96,300/s`, `2.5/s`.
    static func rate(_ perSecond: Double) -> String {
        guard perSecond >= 10 else {
            let tenths = Int((max(0, perSecond) * 10).rounded())
            return tenths % 10 == 0 ? "\(tenths / 10)/s" : "\(tenths / 10).\(tenths % 10)/s"
        }
        let value = min(perSecond, largest)
        var scale = 1.0
        while value / scale >= 1_000 { scale *= 10 }
        return grouped(Int((value / scale).rounded() * scale)) + "/s"
    }

    /// `6 s`, `2 min 5 s`, `3 h 12 min`, `4 d 1 h`; begun seconds count.
    static func duration(_ seconds: Double) -> String {
        let seconds = Int(min(max(0, seconds), largest).rounded(.up))
        return switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3_600: "\(seconds / 60) min \(seconds % 60) s"
        case ..<86_400: "\(seconds / 3_600) h \(seconds % 3_600 / 60) min"
        default: "\(seconds / 86_400) d \(seconds % 86_400 / 3_600) h"
        }
    }
}
