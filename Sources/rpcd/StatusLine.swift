import Glibc
import Resilience

/// What goes on, on standard error: one line that is drawn again on a terminal, else a line now and then.
struct StatusLine {
    private let isTerminal: Bool
    private var drawnAt: UInt64
    private var isDrawn = false

    private static let redrawNanoseconds: UInt64 = 100_000_000
    private static let lineNanoseconds: UInt64 = 10_000_000_000

    init() {
        isTerminal = isatty(STDERR_FILENO) == 1
        // A terminal shows at once that something goes on.
        drawnAt = isTerminal ? 0 : MonotonicClock.now
    }

    /// - Parameter bar: before it, on a terminal.
    mutating func update(_ text: String, bar: String = "") {
        let pause = isTerminal ? StatusLine.redrawNanoseconds : StatusLine.lineNanoseconds
        guard MonotonicClock.now - drawnAt >= pause else { return }
        draw(text, bar)
    }

    /// How it ended, to stay.
    mutating func finish(_ text: String, bar: String = "") {
        draw(text, bar)
        leave()
    }

    private mutating func draw(_ text: String, _ bar: String) {
        drawnAt = MonotonicClock.now
        isDrawn = true
        // To the end of the line, whatever stood there.
        StandardError.write(isTerminal ? "\r\(bar)\(text)\u{1B}[K" : "rpcd: \(text.drop { $0 == " " })\n")
    }

    /// Goes on below it.
    mutating func leave() {
        guard isDrawn else { return }
        if isTerminal { StandardError.write("\n") }
        isDrawn = false
    }

    /// Takes the line away, for something else to be said.
    mutating func clear() {
        guard isDrawn, isTerminal else { return }
        StandardError.write("\r\u{1B}[K")
        isDrawn = false
    }
}
