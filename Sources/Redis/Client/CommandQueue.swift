/// The commands of one connection that wait for their answers, which come in the order of the commands. Knows no socket and no clock.
struct CommandQueue<Completion> {
    struct Entry {
        let completion: Completion
        /// When whoever asked gives up; nanoseconds on any one clock, as the other.
        let deadline: UInt64
        /// When the server is given up.
        let patience: UInt64
        /// Of a subscription: how many pushes answer it instead of a reply.
        var confirmations = 0
        fileprivate(set) var isExpired = false

        init(_ completion: Completion, deadline: UInt64, patience: UInt64, confirmations: Int = 0) {
            self.completion = completion
            self.deadline = deadline
            self.patience = patience
            self.confirmations = confirmations
        }
    }

    /// A ring: an answer costs the same however many wait.
    private var slots: [Entry?] = []
    private var first = 0
    private(set) var count = 0

    /// Whose answer comes next.
    var oldest: Entry? { count == 0 ? nil : slots[first] }

    mutating func append(_ entry: Entry) {
        if count == slots.count { grow() }
        slots[(first + count) % slots.count] = entry
        count += 1
    }

    /// Takes out the oldest. The completion is `nil` when it has been told already that its time is up.
    /// - Returns: `nil` when nothing waits.
    mutating func answer() -> Completion?? {
        guard count > 0, let entry = slots[first] else { return nil }
        slots[first] = nil
        first = (first + 1) % slots.count
        count -= 1
        return .some(entry.isExpired ? nil : entry.completion)
    }

    /// One push has confirmed a part of the oldest, a subscription.
    /// - Returns: whether that was the last.
    mutating func confirm() -> Bool {
        guard count > 0, let confirmations = slots[first]?.confirmations, confirmations > 0 else {
            return false
        }
        slots[first]?.confirmations = confirmations - 1
        return confirmations == 1
    }

    /// Those whose time is up; each is told once, and keeps its place, for its answer may still come.
    mutating func expire(now: UInt64) -> [Completion] {
        var due: [Completion] = []
        forEachSlot { entry in
            guard !entry.isExpired, entry.deadline <= now else { return }
            entry.isExpired = true
            due.append(entry.completion)
        }
        return due
    }

    /// When somebody is to be told next, or the server to be given up.
    var nextDeadline: UInt64? {
        guard let oldest else { return nil }
        return (0..<count).lazy.compactMap { slots[(first + $0) % slots.count] }
            .filter { !$0.isExpired }.map(\.deadline).reduce(oldest.patience, min)
    }

    /// Takes out all that still wait to be told.
    mutating func removeAll() -> [Completion] {
        var left: [Completion] = []
        while let completion = answer() {
            if let completion { left.append(completion) }
        }
        return left
    }

    private mutating func forEachSlot(_ body: (inout Entry) -> Void) {
        for offset in 0..<count {
            let index = (first + offset) % slots.count
            guard var entry = slots[index] else { continue }
            body(&entry)
            slots[index] = entry
        }
    }

    private mutating func grow() {
        let ordered = (0..<count).map { slots[(first + $0) % slots.count] }
        slots = ordered + [Entry?](repeating: nil, count: max(8, ordered.count))
        first = 0
    }
}
