/// How often each input of one provider was asked about, and what came of it.
struct CallLedger {
    /// A call is one of the four outcomes, and no other.
    enum Outcome {
        case found, notFound
        /// More calls than the rate allows: no attempt, so that what follows does not hang upon the clock.
        case throttled
        case fault(Fault)
    }

    struct Counts {
        private(set) var found: UInt32 = 0
        private(set) var notFound: UInt32 = 0
        private(set) var throttled: UInt32 = 0
        private(set) var faults: UInt32 = 0
        /// Different Idempotency-Key headers.
        fileprivate(set) var idempotencyKeys: UInt32 = 0

        var calls: Int { attempts + Int(throttled) }
        /// Calls that came past the rate.
        var attempts: Int { Int(found) + Int(notFound) + Int(faults) }

        // Four thousand million calls of one provider are out of reach; then they wrap, rather than stop the process.
        fileprivate mutating func count(_ outcome: Outcome) {
            switch outcome {
            case .found: found &+= 1
            case .notFound: notFound &+= 1
            case .throttled: throttled &+= 1
            case .fault: faults &+= 1
            }
        }
    }

    struct Entry {
        /// Normalised, as ``Input/text``.
        let input: String
        fileprivate(set) var counts = Counts()
    }

    /// In the order in which they came first.
    private(set) var entries: [Entry] = []
    private(set) var total = Counts()
    /// By the fault's raw value.
    private(set) var faults = [Int](repeating: 0, count: Fault.allCases.count)
    private(set) var untracked = 0
    private var slots: [UInt64: UInt32] = [:]
    private var keys: Set<UInt64> = []

    /// The place of an input among the entries.
    func slot(of input: String, _ identity: UInt64) -> Int? {
        var identity = identity
        while let slot = slots[identity] {
            if entries[Int(slot)].input == input { return Int(slot) }
            // Two inputs of one identity: the later one has the next free number.
            identity &+= 1
        }
        return nil
    }

    /// The same, made when it is missing; nil beyond the bound.
    mutating func slot(of input: String, _ identity: UInt64, mayAdd: Bool) -> Int? {
        if let slot = slot(of: input, identity) { return slot }
        guard mayAdd else { return nil }
        var identity = identity
        while slots[identity] != nil { identity &+= 1 }
        slots[identity] = UInt32(truncatingIfNeeded: entries.count)
        entries.append(Entry(input: input))
        return entries.count - 1
    }

    /// How many attempts there were before. Beyond the bound it is a number that moves on, so that faults pass.
    func attempts(_ slot: Int?) -> Int { slot.map { entries[$0].counts.attempts } ?? total.attempts }

    mutating func count(_ outcome: Outcome, _ slot: Int?) {
        total.count(outcome)
        if case .fault(let fault) = outcome { faults[fault.rawValue] += 1 }
        if let slot { entries[slot].counts.count(outcome) } else { untracked += 1 }
    }

    /// - Parameter key: a hash of the input and its Idempotency-Key.
    mutating func count(key: UInt64, _ slot: Int?) {
        guard keys.insert(key).inserted else { return }
        total.idempotencyKeys &+= 1
        if let slot { entries[slot].counts.idempotencyKeys &+= 1 }
    }

    var keyCount: Int { keys.count }
}
