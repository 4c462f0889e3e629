import Identifiers
import Resilience
import Synchronization

/// Answers that nobody has paid for yet: what was asked for was not in them, or not sure enough, or the task that had them waits for another provider.
/// They are kept in this daemon for some minutes, so that nobody is asked twice; whoever finds a field in one pays as if he had asked.
final class UnpaidAnswers: Sendable {
    private struct Entry {
        let fields: [FoundField]
        let answeredAt: Timestamp
        let until: UInt64
    }

    private let entries = Mutex<[LookupKey: Entry]>([:])

    private static let keptNanoseconds: UInt64 = 300_000_000_000
    private static let most = 10_000

    func keep(_ fields: [FoundField], of key: LookupKey) {
        let now = MonotonicClock.now
        entries.withLock { entries in
            if entries.count >= UnpaidAnswers.most { entries = entries.filter { $0.value.until > now } }
            if entries.count >= UnpaidAnswers.most { entries.removeAll() }
            entries[key] = Entry(
                fields: fields, answeredAt: Timestamp.now, until: now + UnpaidAnswers.keptNanoseconds)
        }
    }

    /// - Parameter freshAfter: an older one does not count.
    func answer(to key: LookupKey, freshAfter: Timestamp) -> [FoundField]? {
        let now = MonotonicClock.now
        return entries.withLock { entries in
            guard let entry = entries[key], entry.until > now, entry.answeredAt >= freshAfter else {
                return nil
            }
            return entry.fields.map { field in
                var field = field
                field.answeredAt = entry.answeredAt
                return field
            }
        }
    }

    /// It has been paid for, and is where everybody finds it.
    func forget(_ keys: some Sequence<LookupKey>) {
        entries.withLock { entries in
            for key in keys { entries[key] = nil }
        }
    }
}
