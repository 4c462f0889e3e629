import Tabular
import TestSupport
import Testing

@Suite("The progress of long work")
struct ProgressMeterTests {
    private let second: UInt64 = 1_000_000_000

    @Test("A line tells how much, how far, how fast and how long")
    func line() {
        var meter = ProgressMeter(unit: "rows", total: 100_000_000, now: 5 * second)
        #expect(meter.line == "        0 rows  0 %")
        meter.update(done: 41_000_000, count: 412_000, now: 5 * second + 4_280_000_000)
        #expect(meter.line == "  412,000 rows  41 %  96,300/s  7 s left")
        #expect(meter.bar() == "[########............]")
        meter.update(done: 100_000_000, count: 1_000_000, now: 15 * second)
        #expect(meter.line.hasPrefix("1,000,000 rows  100 %  "))
        #expect(meter.line.hasSuffix("  0 s left"))
        #expect(meter.summary == "1,000,000 rows  in 10 s  100,000/s")
        #expect(meter.bar(width: 4) == "[####]")
    }

    @Test("Without a total there is no share, no time left and no bar")
    func unknownTotal() {
        var meter = ProgressMeter(unit: "rows", total: nil, now: 0)
        meter.update(50, now: 10 * second)
        #expect(meter.line == "       50 rows  5/s")
        #expect(meter.bar() == nil)
        #expect(meter.percent == nil)
    }

    @Test("Work that goes on where an earlier run stopped is not taken for fast")
    func resumed() {
        var meter = ProgressMeter(unit: "rows", total: 1_000, done: 900, count: 90, now: 0)
        meter.update(done: 950, count: 95, now: 10 * second)
        #expect(meter.perSecond == 0.5)
        #expect(meter.percent == 95)
        #expect(meter.secondsLeft == 10)
        #expect(meter.summary == "5 rows  in 10 s  0.5/s")
    }

    @Test("The rate is that of late, so a fast beginning does not promise an early end")
    func window() {
        var meter = ProgressMeter(unit: "records", total: 100_000, now: 0)
        for index in 1...10 { meter.update(index * 5_000, now: UInt64(index) * second) }
        for index in 1...40 { meter.update(50_000 + index * 10, now: UInt64(10 + index) * second) }
        #expect(meter.perSecond == 10)
        #expect(meter.secondsLeft == 4_960)
        #expect(meter.line.hasSuffix("10/s  1 h 22 min left"))
    }

    @Test("What has ended before anybody looked has no rate")
    func atOnce() {
        var meter = ProgressMeter(unit: "tasks", total: 50, now: 0)
        meter.update(50, now: 60_000)
        #expect(meter.line == "       50 tasks  100 %")
    }

    @Test("While nothing moves, the time left is unknown")
    func stalled() {
        var meter = ProgressMeter(unit: "records", total: 10, now: 0)
        for index in 1...60 { meter.update(0, now: UInt64(index) * second) }
        #expect(meter.secondsLeft == nil)
        #expect(meter.line == "        0 records  0 %  0/s")
    }

    @Test(
        "Times are told as people tell them",
        arguments: [
            (0, "0 s"), (1, "1 s"), (59, "59 s"), (60, "1 min 0 s"), (3_599, "59 min 59 s"),
            (3_600, "1 h 0 min"),
            (86_399, "23 h 59 min"), (86_400, "1 d 0 h"), (900_000, "10 d 10 h"),
        ])
    func durations(seconds: Int, text: String) {
        var meter = ProgressMeter(unit: "rows", total: seconds + 1, now: 0)
        meter.update(1, now: second)
        #expect(meter.line.hasSuffix("  " + text + " left"))
    }

    @Test(
        "A rate has three figures",
        arguments: [
            (0, "0/s"), (5, "0.5/s"), (25, "2.5/s"), (99, "9.9/s"), (100, "10/s"), (1_234, "123/s"),
            (12_346, "1,230/s"), (9_999_000, "1,000,000/s"), (123_456_789, "12,300,000/s"),
        ])
    func rates(inTenSeconds count: Int, text: String) {
        var meter = ProgressMeter(unit: "rows", total: nil, now: 0)
        meter.update(count, now: 10 * second)
        #expect(meter.line.hasSuffix(" rows  " + text))
    }

    @Test("No figures, however odd, make it trap or run backwards", arguments: Seed.some(100))
    func odd(seed: Seed) throws {
        var random = seed.generator
        let figures = [Int.min, -1, 0, 1, 99, 1_000_000, Int.max / 2, Int.max]
        func figure() -> Int { figures[Int.random(in: 0..<figures.count, using: &random)] }
        var meter = ProgressMeter(
            unit: "rows", total: Bool.random(using: &random) ? figure() : nil, done: figure(),
            count: figure(),
            now: .random(in: 0...10, using: &random))
        var percent = meter.percent ?? 0
        for _ in 0..<40 {
            meter.update(
                done: figure(), count: figure(),
                now: Bool.random(using: &random) ? .random(in: 0...20_000_000_000, using: &random) : .max)
            #expect(!meter.line.isEmpty && !meter.summary.isEmpty)
            _ = meter.bar(width: figure())
            #expect((percent...100).contains(meter.percent ?? percent))
            percent = meter.percent ?? percent
        }
    }
}
