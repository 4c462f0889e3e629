import Glibc
import Resilience
import Tabular

/// How far long work is, on standard error: one line that is drawn again on a terminal, else a line now and then.
final class ProgressLine {
    private var meter: ProgressMeter
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var drawnAt: UInt64
    private var isDrawn = false

    private static let redrawNanoseconds: UInt64 = 100_000_000
    private static let lineNanoseconds: UInt64 = 10_000_000_000

    /// - Parameters:
    ///   - total: of what measures the way; nil when nobody knows.
    ///   - done: of it, before this run.
    ///   - count: before this run.
    init(unit: String, total: Int?, done: Int = 0, count: Int = 0) {
        let now = MonotonicClock.now
        meter = ProgressMeter(unit: unit, total: total, done: done, count: count, now: now)
        drawnAt = now
    }

    /// - Parameter note: goes behind it.
    func update(done: Int, count: Int, note: String = "") {
        let now = MonotonicClock.now
        meter.update(done: done, count: count, now: now)
        let pause = isTerminal ? ProgressLine.redrawNanoseconds : ProgressLine.lineNanoseconds
        guard now - drawnAt >= pause else { return }
        draw(note, now)
    }

    /// How it ended, to stay.
    func finish(done: Int, count: Int, note: String = "") {
        let now = MonotonicClock.now
        meter.update(done: done, count: count, now: now)
        draw(note, now)
        if isTerminal { StandardError.write("\n") }
    }

    private func draw(_ note: String, _ now: UInt64) {
        drawnAt = now
        isDrawn = true
        let bar = meter.bar().map { $0 + " " } ?? ""
        // To the end of the line, whatever stood there.
        let line = meter.line + (note.isEmpty ? "" : "  " + note)
        StandardError.write(isTerminal ? "\r\(bar)\(line)\u{1B}[K" : "rpcd:\(line)\n")
    }

    /// Takes the line away, for something else to be said.
    func clear() {
        guard isDrawn, isTerminal else { return }
        StandardError.write("\r\u{1B}[K")
        isDrawn = false
    }
}
