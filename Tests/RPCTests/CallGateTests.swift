import Resilience
import Synchronization
import TestSupport
import Testing

@testable import RPC

@Suite("Calls that are held back")
struct CallGateTests {
    private final class Flag: Sendable {
        private let value = Mutex(false)

        var isSet: Bool { value.withLock { $0 } }

        func set(_ isSet: Bool) { value.withLock { $0 = isSet } }
    }

    @Test("What goes with closing and opening is as the gate is, whoever closes and opens it at once")
    func together() async {
        let gate = CallGate()
        let isPaused = Flag()
        for _ in 0..<2000 {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    _ = gate.close(until: MonotonicClock.now) {
                        isPaused.set(true)
                        return true
                    }
                }
                group.addTask {
                    gate.open(ifDueAt: MonotonicClock.now) { isPaused.set(false) }
                }
            }
            #expect(isPaused.isSet == (gate.waiting != nil))
            gate.open { isPaused.set(false) }
        }
    }

    @Test(
        "It opens by itself only when the last who closed it wants that, and is not closed where that is refused"
    )
    func moved() {
        let gate = CallGate()
        #expect(gate.close(until: 10) { true } && gate.close(until: 20) { true })
        #expect(!gate.open(ifDueAt: 19) && gate.waiting == 0)
        #expect(gate.open(ifDueAt: 20) && gate.waiting == nil)
        #expect(!gate.open() && !gate.close(until: 30) { false } && gate.waiting == nil)
    }
}
