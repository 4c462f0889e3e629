import Identifiers
import Resilience
import Synchronization

/// Answers that nobody has paid for yet: what was asked for was not in them, or not sure enough, or the task that had them waits for another provider.
/// They are kept in this daemon for some minutes, so that nobody is asked twice; whoever finds a field in one pays as if he had asked.
///
/// What was bought with the platform's key is nothing for those who ask with their own, which costs them less or nothing, and the other way round.
final class UnpaidAnswers: Sendable {
    private struct Question: Hashable {
        let key: LookupKey
        let kind: KeyKind
    }

    private struct Entry {
        let fields: [FoundField]
        let answeredAt: Timestamp
        let until: UInt64
    }

    private let entries = Mutex<[Question: Entry]>([:])

    private static let keptNanoseconds: UInt64 = 300_000_000_000
    private static let most = 10_000

    func keep(_ fields: [FoundField], of key: LookupKey, by kind: KeyKind) {
        let now = MonotonicClock.now
        entries.withLock { entries in
            if entries.count >= UnpaidAnswers.most { entries = entries.filter { $0.value.until > now } }
            if entries.count >= UnpaidAnswers.most { entries.removeAll() }
            entries[Question(key: key, kind: kind)] = Entry(
                fields: fields, answeredAt: Timestamp.now, until: now + UnpaidAnswers.keptNanoseconds)
        }
    }

    /// - Parameters:
    ///   - kind: whose key it was bought with.
    ///   - freshAfter: an older one does not count.
    func answer(to key: LookupKey, by kind: KeyKind, freshAfter: Timestamp) -> [FoundField]? {
        let now = MonotonicClock.now
        return entries.withLock { entries in
            guard let entry = entries[Question(key: key, kind: kind)], entry.until > now,
                entry.answeredAt >= freshAfter
            else {
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
            for key in keys {
                for kind in KeyKind.allCases { entries[Question(key: key, kind: kind)] = nil }
            }
        }
    }
}
