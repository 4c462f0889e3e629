import Resilience
import Synchronization
import TestSupport
import Testing

@testable import Services

@Suite("The queue of calls with one key")
struct CallQueueTests {
    /// Who ran, in order, and how many at once.
    private final class Diary: Sendable {
        private let state = Mutex((now: 0, most: 0, order: [Int]()))

        func begin(_ number: Int) {
            state.withLock {
                $0.order.append(number)
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
        }

        func end() { state.withLock { $0.now -= 1 } }
        var order: [Int] { state.withLock { $0.order } }
        var most: Int { state.withLock { $0.most } }
    }

    /// Whoever waits has his turn before, however slow the machine is.
    private static var far: UInt64 { MonotonicClock.now + 3_600_000_000_000 }

    @Test(
        "No more run at once than may, everybody gets his turn, and in the order of coming",
        arguments: Seed.some(20))
    func turns(seed: Seed) async throws {
        var random = seed.generator
        let most = Int.random(in: 1...4, using: &random)
        let queue = CallQueue(AdaptiveLimit(maximumConcurrency: most))
        let diary = Diary()
        // The first take all places, so that those who come later wait in a known order.
        var permits: [AdaptiveLimit.Permit] = []
        for _ in 0..<most {
            guard case .allowed(let permit) = await queue.enter(deadline: CallQueueTests.far) else {
                Issue.record("an empty queue")
                return
            }
            permits.append(permit)
        }
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<30 {
                group.addTask {
                    guard case .allowed(let permit) = await queue.enter(deadline: CallQueueTests.far) else {
                        return
                    }
                    diary.begin(number)
                    await Task.yield()
                    diary.end()
                    queue.leave(permit, .success)
                }
                while queue.counts.waiting <= number { await Task.yield() }
            }
            #expect(queue.counts == (most, 30))
            for permit in permits { queue.leave(permit, .ignored) }
        }
        #expect(diary.most <= most)
        #expect(diary.order.count == 30)
        if most == 1 { #expect(diary.order == Array(0..<30)) }
        #expect(queue.isIdle)
    }

    @Test(
        "Who is cancelled goes at once and leaves his place to the next; who has no turn before his deadline is told"
    )
    func ends() async throws {
        let queue = CallQueue(AdaptiveLimit(maximumConcurrency: 1))
        guard case .allowed(let permit) = await queue.enter(deadline: CallQueueTests.far) else {
            Issue.record("an empty queue")
            return
        }
        let cancelled = Task { await queue.enter(deadline: CallQueueTests.far) }
        let late = Task { await queue.enter(deadline: MonotonicClock.now + 50_000_000) }
        let next = Task { await queue.enter(deadline: CallQueueTests.far) }
        while queue.counts.waiting + (late.isCancelled ? 1 : 0) < 2 { await Task.yield() }
        cancelled.cancel()
        #expect(await cancelled.value == .cancelled)
        #expect(await late.value == .tooLate(retryAfterNanoseconds: nil))
        queue.leave(permit, .ignored)
        guard case .allowed(let second) = await next.value else {
            Issue.record("the next has no turn")
            return
        }
        queue.leave(second, .ignored)
        #expect(queue.isIdle)
        // Cancelled before it waited.
        let early = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await queue.enter(deadline: CallQueueTests.far)
        }
        #expect(await early.value == .cancelled)
    }

    @Test("While a service wants to be left alone nobody waits whose deadline is before its end")
    func rest() async throws {
        let queue = CallQueue(AdaptiveLimit(maximumConcurrency: 4))
        guard case .allowed(let permit) = await queue.enter(deadline: CallQueueTests.far) else { return }
        queue.leave(permit, .limited(retryAfterNanoseconds: 30_000_000_000))
        guard
            case .tooLate(let after?) = await queue.enter(deadline: MonotonicClock.now + 1_000_000_000)
        else {
            Issue.record("it waits")
            return
        }
        #expect(after > 20_000_000_000)
    }

    @Test(
        "Who would rather come back waits where he is served within moments; else he is told when, one after the other, and each has a share"
    )
    func guests() async throws {
        let rate = try #require(RateLimit(1, per: 1))
        // Nobody's turn comes meanwhile, however long this takes.
        let now = MonotonicClock.now
        let queue = CallQueue(AdaptiveLimit(maximumConcurrency: 200, rate: rate)) { now }
        let (many, few) = (
            CallQueue.Guest(owner: .random(), places: 200), CallQueue.Guest(owner: .random(), places: 200)
        )
        guard case .allowed(let permit) = await queue.enter(deadline: CallQueueTests.far, guest: many) else {
            Issue.record("an empty queue")
            return
        }
        await withTaskGroup(of: CallQueue.Entry.self) { group in
            func add(_ guest: CallQueue.Guest?) async {
                let waiting = queue.counts.waiting
                group.addTask { await queue.enter(deadline: CallQueueTests.far, guest: guest) }
                while queue.counts.waiting == waiting { await Task.yield() }
            }
            for _ in 0..<3 { await add(many) }
            var last: UInt64 = 0
            for _ in 0..<10 {
                guard
                    case .putOff(let after?) = await queue.enter(deadline: CallQueueTests.far, guest: many)
                else {
                    Issue.record("it waits")
                    break
                }
                #expect(after > last && after > 2_000_000_000)
                last = after
            }
            await add(few)
            await add(nil)
            var isKnown = true
            for _ in 0..<100 where isKnown {
                let entry = await queue.enter(deadline: CallQueueTests.far, guest: many)
                isKnown = entry != .putOff(afterNanoseconds: nil)
            }
            #expect(!isKnown, "the line is longer than anybody can tell")
            queue.leave(permit, .limited(retryAfterNanoseconds: 30_000_000_000))
            guard case .resting = await queue.enter(deadline: CallQueueTests.far, guest: few) else {
                Issue.record("it does not rest")
                return
            }
            group.cancelAll()
        }
        #expect(queue.isIdle)
    }

    @Test("Of those who wait there are at most so many")
    func bound() async throws {
        let queue = CallQueue(AdaptiveLimit(maximumConcurrency: 1))
        guard case .allowed(let permit) = await queue.enter(deadline: CallQueueTests.far) else { return }
        await withTaskGroup(of: CallQueue.Entry.self) { group in
            for _ in 0..<CallQueue.maximumWaiting + 10 {
                group.addTask { await queue.enter(deadline: CallQueueTests.far) }
            }
            var full = 0
            while full < 10, let entry = await group.next() { full += entry == .full ? 1 : 0 }
            #expect(full == 10)
            #expect(queue.counts.waiting == CallQueue.maximumWaiting)
            group.cancelAll()
        }
        queue.leave(permit, .ignored)
        #expect(queue.isIdle)
    }
}
