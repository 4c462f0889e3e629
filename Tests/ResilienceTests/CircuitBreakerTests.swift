import TestSupport
import Testing

@testable import Resilience

@Suite("The circuit breaker")
struct CircuitBreakerTests {
    private static let second: UInt64 = 1_000_000_000
    private static let start: UInt64 = 1_800_000_000 * second

    private var random = SplitMix64(seed: 7)

    private mutating func call(
        _ breaker: inout CircuitBreaker, _ outcome: CircuitBreaker.Outcome, at now: UInt64
    ) throws {
        guard case .allowed(let permit) = breaker.admit(now: now, using: &random) else {
            throw Refused()
        }
        breaker.record(outcome, for: permit, now: now, using: &random)
    }

    private struct Refused: Error {}

    /// How long it says to wait; 0 when it lets the call through.
    private mutating func wait(_ breaker: inout CircuitBreaker, at now: UInt64) -> UInt64? {
        switch breaker.admit(now: now, using: &random) {
        case .allowed: 0
        case .refused(let wait): wait
        }
    }

    private func tell(_ breaker: inout CircuitBreaker, _ row: CircuitBreaker.Snapshot, at now: UInt64) -> Bool
    {
        breaker.merge(row, now: now)
    }

    @Test("Failures in a row open it, a success between them does not; then it is tried out and closes")
    mutating func consecutive() throws {
        var breaker = CircuitBreaker()
        var now = CircuitBreakerTests.start
        for _ in 0..<4 { try call(&breaker, .failure, at: now) }
        try call(&breaker, .success, at: now)
        for _ in 0..<4 { try call(&breaker, .failure, at: now) }
        #expect(breaker.state == .closed)
        try call(&breaker, .failure, at: now)
        #expect(breaker.state == .open)
        let rest = try #require(wait(&breaker, at: now))
        #expect(rest >= breaker.settings.openNanoseconds / 2 && rest <= breaker.settings.openNanoseconds)
        #expect(wait(&breaker, at: now + rest - 1) == 1)
        now += rest
        for _ in 0..<3 {
            #expect(breaker.state != .closed)
            try call(&breaker, .success, at: now)
        }
        #expect(breaker.state == .closed)
        // It has forgotten the failures.
        for _ in 0..<4 { try call(&breaker, .failure, at: now) }
        #expect(breaker.state == .closed)
    }

    @Test("A share of failures opens it once there are enough calls, and what is long past does not count")
    mutating func share() throws {
        var breaker = CircuitBreaker()
        let now = CircuitBreakerTests.start
        for _ in 0..<9 {
            try call(&breaker, .failure, at: now)
            try call(&breaker, .success, at: now)
        }
        try call(&breaker, .success, at: now)
        #expect(breaker.state == .closed)
        var later = breaker
        try call(&breaker, .failure, at: now)
        #expect(breaker.state == .open)
        for _ in 0..<4 { try call(&later, .failure, at: now + 31 * CircuitBreakerTests.second) }
        #expect(later.state == .closed)
    }

    @Test("Each opening in a row is longer, up to the longest; a calm window starts over")
    mutating func growing() throws {
        var breaker = CircuitBreaker()
        var now = CircuitBreakerTests.start
        for _ in 0..<5 { try call(&breaker, .failure, at: now) }
        for opening in 0..<100 {
            let bound = min(
                breaker.settings.openNanoseconds << UInt64(min(opening, 10)),
                breaker.settings.maximumOpenNanoseconds)
            let rest = try #require(wait(&breaker, at: now))
            #expect(rest >= bound / 2 && rest <= bound, "\(opening)")
            now += rest
            try call(&breaker, .failure, at: now)
            #expect(breaker.state == .open)
        }
        now += try #require(wait(&breaker, at: now))
        for _ in 0..<3 { try call(&breaker, .success, at: now) }
        now += breaker.settings.windowNanoseconds + CircuitBreakerTests.second
        for _ in 0..<5 { try call(&breaker, .failure, at: now) }
        #expect(try #require(wait(&breaker, at: now)) <= breaker.settings.openNanoseconds)
    }

    @Test(
        "However calls fall, half-open lets no more than its probes through, and open none",
        arguments: Seed.some(200))
    func bounded(seed: Seed) {
        var random = seed.generator
        var settings = CircuitBreaker.Settings()
        settings.probes = .random(in: 1...5, using: &random)
        settings.consecutiveFailures = .random(in: 1...5, using: &random)
        var breaker = CircuitBreaker(settings)
        var now = CircuitBreakerTests.start
        var running: [(permit: CircuitBreaker.Permit, generation: Int)] = []
        var (generation, admitted, given, mayOpenAt) = (0, 0, 0, UInt64(0))
        for _ in 0..<2_000 {
            now += .random(in: 0...CircuitBreakerTests.second, using: &random)
            let before = breaker.state
            if Bool.random(using: &random) || running.isEmpty {
                let admission = breaker.admit(now: now, using: &random)
                if before == .open, breaker.state == .halfOpen {
                    #expect(now >= mayOpenAt)
                    (admitted, given) = (0, 0)
                }
                switch admission {
                case .allowed(let permit):
                    #expect(breaker.state != .open)
                    if breaker.state == .halfOpen { admitted += 1 }
                    if before != breaker.state { generation += 1 }
                    running.append((permit, generation))
                case .refused(let wait):
                    #expect(breaker.state != .closed && wait.map { $0 > 0 } == true)
                    if before != breaker.state { generation += 1 }
                }
            } else {
                let (permit, since) = running.remove(at: .random(in: 0..<running.count, using: &random))
                let outcome =
                    [CircuitBreaker.Outcome.success, .failure, .ignored].randomElement(using: &random)
                    ?? .ignored
                breaker.record(outcome, for: permit, now: now, using: &random)
                if before == .halfOpen, since == generation, outcome == .ignored { given += 1 }
                // What was admitted before the last change moves nothing.
                if since != generation { #expect(breaker.state == before) }
                if before != breaker.state { generation += 1 }
            }
            if before != .open, breaker.state == .open, case .open(let until) = breaker.phase {
                mayOpenAt = until
                #expect(until > now && until - now <= settings.maximumOpenNanoseconds)
            }
            if breaker.state == .halfOpen { #expect(admitted - given <= settings.probes) }
        }
    }

    @Test("Probes that never come back do not keep it half-open for ever")
    mutating func lostProbes() throws {
        var breaker = CircuitBreaker()
        var now = CircuitBreakerTests.start
        for _ in 0..<5 { try call(&breaker, .failure, at: now) }
        now += try #require(wait(&breaker, at: now))
        for _ in 0..<3 { #expect(wait(&breaker, at: now) == 0) }
        let left = try #require(wait(&breaker, at: now))
        #expect(left == breaker.settings.probeNanoseconds && breaker.state == .halfOpen)
        #expect(try #require(wait(&breaker, at: now + left)) > 0)
        #expect(breaker.state == .open)
    }

    @Test("What an operator forces holds, and is forgotten when it is taken back")
    mutating func forced() throws {
        var breaker = CircuitBreaker()
        let now = CircuitBreakerTests.start
        breaker.force(.open, now: now)
        #expect(wait(&breaker, at: now + 1_000 * CircuitBreakerTests.second) == nil)
        breaker.force(.closed, now: now)
        for _ in 0..<100 { try call(&breaker, .failure, at: now) }
        #expect(breaker.state == .closed)
        breaker.force(.none, now: now)
        for _ in 0..<4 { try call(&breaker, .failure, at: now) }
        #expect(breaker.state == .closed)
        try call(&breaker, .failure, at: now)
        #expect(breaker.state == .open)
    }

    @Test("A clock that goes back makes nobody wait longer than the longest opening")
    mutating func backwards() throws {
        var breaker = CircuitBreaker()
        let now = CircuitBreakerTests.start
        for _ in 0..<5 { try call(&breaker, .failure, at: now) }
        #expect(wait(&breaker, at: 0) == breaker.settings.maximumOpenNanoseconds)
        #expect(wait(&breaker, at: breaker.settings.maximumOpenNanoseconds) == 0)
    }

    @Test(
        "What one daemon finds out the others take over: that it opened, that it closed, an operator's word")
    mutating func shared() throws {
        var (first, second) = (CircuitBreaker(), CircuitBreaker())
        var now = CircuitBreakerTests.start
        for _ in 0..<5 { try call(&first, .failure, at: now) }
        #expect(tell(&second, first.snapshot, at: now) && second.state == .open)
        #expect(second.snapshot == first.snapshot)
        #expect(!tell(&second, first.snapshot, at: now))
        now += try #require(wait(&second, at: now))
        for _ in 0..<3 { try call(&second, .success, at: now) }
        #expect(tell(&first, second.snapshot, at: now) && first.state == .closed)
        first.force(.open, now: now)
        #expect(tell(&second, first.snapshot, at: now) && second.forced == .open)
        second.force(.none, now: now)
        #expect(tell(&first, second.snapshot, at: now) && first.forced == .none)
        // A daemon with a clock far ahead does not have the last word for ever.
        for _ in 0..<5 { try call(&second, .failure, at: now + 1_000 * CircuitBreakerTests.second) }
        #expect(tell(&first, second.snapshot, at: now) && first.state == .open)
        first.force(.closed, now: now)
        first.force(.none, now: now)
        #expect(tell(&second, first.snapshot, at: now + 1_000 * CircuitBreakerTests.second))
        #expect(second.state == .closed)
    }

    @Test(
        "Any row is taken over or not, twice is once, and it opens for no longer than the longest",
        arguments: Seed.some(200))
    func anyRow(seed: Seed) {
        var random = seed.generator
        func number() -> Int64 {
            let now = Int64(CircuitBreakerTests.start)
            return [
                0, 1, -1, .min, .max, now, .random(in: now - 1_000...now + 1_000_000_000_000, using: &random),
            ]
            .randomElement(using: &random) ?? 0
        }
        var breaker = CircuitBreaker()
        for _ in 0..<200 {
            let now =
                Bool.random(using: &random)
                ? CircuitBreakerTests.start : .random(in: 0 ... .max, using: &random)
            let row = CircuitBreaker.Snapshot(
                state: .random(in: -1...4, using: &random), openings: Int(truncatingIfNeeded: number()),
                openUntil: number(), changedAt: number(), forced: .random(in: -1...3, using: &random),
                forcedAt: number())
            breaker.merge(row, now: now)
            let once = breaker.snapshot
            let isChanged = breaker.merge(row, now: now)
            #expect(!isChanged && breaker.snapshot == once)
            if case .refused(let wait?) = breaker.admit(now: now, using: &random) {
                #expect(wait <= breaker.settings.maximumOpenNanoseconds)
            }
        }
    }

    @Test("The window counts what a plain list counts, but for its oldest part", arguments: Seed.some(100))
    func window(seed: Seed) {
        var random = seed.generator
        let length: UInt64 = 1_000
        var counts = SlidingCounts(lengthNanoseconds: length)
        var calls: [(at: UInt64, isSuccess: Bool)] = []
        var now = UInt64.random(in: 0...5_000, using: &random)
        for _ in 0..<500 {
            now += .random(in: 0...80, using: &random)
            let isSuccess = Bool.random(using: &random)
            counts.record(isSuccess: isSuccess, now: now)
            calls.append((now, isSuccess))
            let total = counts.total(now: now)
            func count(_ isSuccess: Bool, within span: UInt64) -> Int {
                calls.filter { $0.isSuccess == isSuccess && $0.at + span > now }.count
            }
            #expect((count(true, within: 900)...count(true, within: 1_000)).contains(total.successes))
            #expect((count(false, within: 900)...count(false, within: 1_000)).contains(total.failures))
        }
        let gone = counts.total(now: now + length)
        #expect(gone == (0, 0))
    }
}
