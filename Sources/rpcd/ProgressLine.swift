import Resilience
import Tabular

/// How far long work is that counts what it has done.
final class ProgressLine {
    private var meter: ProgressMeter
    private var line = StatusLine()

    /// - Parameters:
    ///   - total: of what measures the way; nil when nobody knows.
    ///   - done: of it, before this run.
    ///   - count: before this run.
    init(unit: String, total: Int?, done: Int = 0, count: Int = 0) {
        meter = ProgressMeter(unit: unit, total: total, done: done, count: count, now: MonotonicClock.now)
    }

    /// - Parameter note: goes behind it.
    func update(done: Int, count: Int, note: String = "") {
        meter.update(done: done, count: count, now: MonotonicClock.now)
        line.update(text(note), bar: bar)
    }

    /// How it ended, to stay.
    func finish(done: Int, count: Int, note: String = "") {
        meter.update(done: done, count: count, now: MonotonicClock.now)
        line.finish(text(note), bar: bar)
    }

    private var bar: String { meter.bar().map { $0 + " " } ?? "" }

    private func text(_ note: String) -> String { meter.line + (note.isEmpty ? "" : "  " + note) }

    /// Takes the line away, for something else to be said.
    func clear() { line.clear() }
}
