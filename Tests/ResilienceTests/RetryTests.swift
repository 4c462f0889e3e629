import Foundation
import Resilience
import TestSupport
import Testing

@Suite("Trying again")
struct RetryTests {
    private static let backoff = Backoff(baseNanoseconds: 100, capNanoseconds: 10_000)

    @Test(
        "A retry is safe, within the attempts, not before it is wanted and not past the deadline",
        arguments: Seed.some(200))
    func policy(seed: Seed) {
        var random = seed.generator
        let policy = RetryPolicy(
            maximumAttempts: .random(in: 0...6, using: &random), backoff: RetryTests.backoff,
            maximumRetryAfterSeconds: 5)
        for _ in 0..<100 {
            let attempt = Int.random(in: -1...8, using: &random)
            let isSafe = Bool.random(using: &random)
            let asked = Bool.random(using: &random) ? Int.random(in: -1...8, using: &random) : nil
            let now = UInt64.random(in: 0...10_000_000_000, using: &random)
            let deadline = now / 2 + .random(in: 0...10_000_000_000, using: &random)
            switch policy.decide(
                attempt: attempt, isSafe: isSafe, retryAfterSeconds: asked, now: now, deadline: deadline,
                using: &random)
            {
            case .retry(let wait):
                #expect(isSafe && attempt < policy.maximumAttempts && (asked ?? 0) <= 5)
                #expect(wait >= UInt64(max(0, asked ?? 0)) * 1_000_000_000)
                #expect(wait <= UInt64(max(0, asked ?? 0)) * 1_000_000_000 + 10_000 && now + wait < deadline)
            case .giveUp(.unsafe): #expect(!isSafe)
            case .giveUp(.attempts): #expect(isSafe && attempt >= policy.maximumAttempts)
            case .giveUp(.tooLate):
                let latest = now + UInt64(max(0, asked ?? 0)) * 1_000_000_000 + 10_000
                #expect((asked ?? 0) > 5 || latest >= deadline)
            }
        }
    }

    @Test("Extreme numbers give an answer, not a trap")
    func extremes() {
        var random = SplitMix64(seed: 1)
        let endless = Backoff(baseNanoseconds: .max, capNanoseconds: .max)
        let policy = RetryPolicy(maximumAttempts: .max, backoff: endless, maximumRetryAfterSeconds: .max)
        for _ in 0..<100 {
            for asked in [nil, 0, .max, .min, 86_400] {
                for (now, deadline) in [(UInt64.min, UInt64.max), (.max, .min), (.max, .max)] {
                    _ = policy.decide(
                        attempt: .max - 1, isSafe: true, retryAfterSeconds: asked, now: now,
                        deadline: deadline,
                        using: &random)
                }
            }
        }
    }

    @Test("Retries keep to their share of the calls and the floor, in every run", arguments: Seed.some(200))
    func budget(seed: Seed) {
        var random = seed.generator
        let percent = Int.random(in: 0...100, using: &random)
        let floor = Int.random(in: 0...5, using: &random)
        var budget = RetryBudget(
            percent: percent, floorPerSecond: floor, maximumSaved: .random(in: 0...50, using: &random))
        let start: UInt64 = 77
        var (now, calls, retries) = (start, 0, 0)
        for _ in 0..<2_000 {
            now += .random(in: 0...200_000_000, using: &random)
            // A clock that goes back earns nothing.
            let told =
                Bool.random(using: &random) ? now : now - .random(in: 0...(now - start), using: &random)
            if Bool.random(using: &random) {
                budget.recordCall()
                calls += 1
            } else if budget.takeRetry(now: told) {
                retries += 1
            }
            let seconds = Double(now - start) / 1e9
            let most = Double(calls * percent) / 100 + Double(floor) * (1 + seconds)
            #expect(Double(retries) <= most + 1e-6)
        }
    }

    @Test("What calls earn is there to spend, and calm times save up no storm")
    func budgetIsThere() {
        /// How many of ten retries it gives.
        func given(_ budget: inout RetryBudget, at now: UInt64) -> Int {
            (0..<10).reduce(0) { count, _ in count + (budget.takeRetry(now: now) ? 1 : 0) }
        }
        var budget = RetryBudget(percent: 20, floorPerSecond: 0, maximumSaved: 8)
        for _ in 0..<5 { budget.recordCall() }
        #expect(given(&budget, at: 0) == 1)
        for _ in 0..<10_000 { budget.recordCall() }
        #expect(given(&budget, at: 0) == 8)
        var floor = RetryBudget(percent: 20, floorPerSecond: 2)
        #expect(given(&floor, at: 0) == 2)
        #expect(given(&floor, at: 499_999_999) == 0)
        #expect(given(&floor, at: 500_000_000) == 1)
        #expect(given(&floor, at: .max) == 2)
    }

    @Test("The three forms of a date are read, as Foundation writes them", arguments: Seed.some(200))
    func dates(seed: Seed) throws {
        var random = seed.generator
        let now = Int64.random(in: 1_600_000_000...2_500_000_000, using: &random)
        let wait = Int64.random(in: -100_000...86_400, using: &random)
        let date = Date(timeIntervalSince1970: TimeInterval(now + wait))
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(formatter.timeZone)
        let day = calendar.component(.day, from: date)
        let forms = [
            "EEE, dd MMM yyyy HH:mm:ss 'GMT'", "EEEE, dd-MMM-yy HH:mm:ss 'GMT'",
            day < 10 ? "EEE MMM  d HH:mm:ss yyyy" : "EEE MMM dd HH:mm:ss yyyy",
        ]
        for form in forms {
            formatter.dateFormat = form
            let text = formatter.string(from: date)
            #expect(RetryAfter.seconds(parsing: text, unixSeconds: now) == Int(max(0, wait)), "\(text)")
        }
    }

    @Test("Seconds are read, and so is the example of the RFC; too long is a day")
    func seconds() {
        let now: Int64 = 784_111_777 - 60
        for (text, expected) in [
            ("0", 0), ("120", 120), ("007", 7), ("86401", 86_400), ("99999999999999999999999999", 86_400),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 60), ("Sunday, 06-Nov-94 08:49:37 GMT", 60),
            ("Sun Nov  6 08:49:37 1994", 60),
            ("Sun, 06 Nov 1994 08:48:36 GMT", 0), ("Fri, 31 Dec 9999 23:59:60 GMT", 86_400),
            ("Thu, 29 Feb 1996 00:00:00 GMT", 86_400),
            ("Sat, 01 Jan 0000 00:00:00 GMT", 0), ("Saturday, 06-Nov-44 08:49:37 GMT", 86_400),
            ("Monday, 06-Nov-45 08:49:37 GMT", 0),
        ] {
            #expect(RetryAfter.seconds(parsing: text, unixSeconds: now) == expected, "\(text)")
        }
        for time in [Int64.min, .max, 0, -1] {
            _ = RetryAfter.seconds(parsing: "Sun, 06 Nov 1994 08:49:37 GMT", unixSeconds: time)
            _ = RetryAfter.seconds(parsing: "Sunday, 06-Nov-94 08:49:37 GMT", unixSeconds: time)
        }
    }

    @Test(
        "What is neither seconds nor a date is nothing",
        arguments: [
            "", " 5", "5 ", "-5", "+5", "5.5", "0x5", "5s", "soon", "\u{0665}",
            "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 29 Feb 1995 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun Nov 6 08:49:37 1994", "Son, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994",
            "1994-11-06T08:49:37Z",
        ])
    func nothing(text: String) {
        #expect(RetryAfter.seconds(parsing: text, unixSeconds: 784_111_777) == nil)
    }

    @Test("Any text is read or not, and never a trap", arguments: Seed.some(100))
    func anything(seed: Seed) {
        var random = seed.generator
        let words = [
            "Sun", "Sunday", ", ", " ", "06", "6", "Nov", "-", "1994", "94", "08:49:37", ":", "GMT", "9",
            "\0", "é",
        ]
        for _ in 0..<100 {
            let text = (0..<Int.random(in: 0...12, using: &random)).map { _ in
                words.randomElement(using: &random) ?? ""
            }.joined()
            if let seconds = RetryAfter.seconds(parsing: text, unixSeconds: 784_111_777) {
                #expect((0...RetryAfter.maximumSeconds).contains(seconds))
            }
        }
    }
}
