/// Successes and failures of the last while, in ten parts: the oldest part is forgotten at once, so it looks back between nine and
/// ten tenths of its length.
struct SlidingCounts: Sendable, Equatable {
    private struct Part: Sendable, Equatable {
        /// Which part of all time it is.
        var number: UInt64 = 0
        var successes = 0
        var failures = 0
    }

    private var parts = [Part](repeating: Part(), count: 10)
    private let partNanoseconds: UInt64
    private var latest: UInt64 = 0

    init(lengthNanoseconds: UInt64) {
        partNanoseconds = max(1, lengthNanoseconds / 10)
    }

    mutating func record(isSuccess: Bool, now: UInt64) {
        // A clock that went back counts into the part that it had reached.
        latest = max(latest, now / partNanoseconds)
        let index = Int(latest % UInt64(parts.count))
        if parts[index].number != latest { parts[index] = Part(number: latest) }
        if isSuccess { parts[index].successes += 1 } else { parts[index].failures += 1 }
    }

    /// Counts up to `now`.
    func total(now: UInt64) -> (successes: Int, failures: Int) {
        let current = max(latest, now / partNanoseconds)
        let oldest = current - min(current, UInt64(parts.count - 1))
        return parts.reduce(into: (0, 0)) { total, part in
            guard part.number >= oldest else { return }
            total.0 += part.successes
            total.1 += part.failures
        }
    }
}
