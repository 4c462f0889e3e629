import Identifiers
import JSON
import Postgres
import Synchronization

/// Who asks providers what: of all tasks that need one answer, in all daemons, one asks, and the others get what he got. Questions that come
/// together share a round trip.
final class LookupDesk: Sendable {
    enum Place: Sendable {
        /// Ask, and tell.
        case mine
        /// From before; none when nothing was found.
        case answered([FoundField])
        /// Somebody is asking at this moment.
        case busy
    }

    private struct Question: Sendable {
        let id: Int
        let key: LookupKey
        /// An answer from before that is not new enough.
        let freshAfter: Timestamp
        let record: UUID
        let answer: @Sendable (Result<Place, any Error>) -> Void
    }

    private struct State {
        var questions: [Question] = []
        var count = 0
        var isAsking = false
        /// What tasks of this daemon have taken it upon themselves to ask, until that is written down.
        var held: Set<LookupKey> = []
    }

    private let pool: Pool
    private let daemon: UUID
    private let state = Mutex(State())

    private static let most = 1000

    init(pool: Pool, daemon: UUID) {
        (self.pool, self.daemon) = (pool, daemon)
    }

    var held: [LookupKey] { state.withLock { Array($0.held) } }

    func release(_ keys: [LookupKey]) {
        state.withLock { $0.held.subtract(keys) }
    }

    func place(of key: LookupKey, freshAfter: Timestamp, record: UUID) async throws -> Place {
        try await withCheckedThrowingContinuation { continuation in
            let begins = state.withLock { state in
                state.count += 1
                state.questions.append(
                    Question(id: state.count, key: key, freshAfter: freshAfter, record: record) {
                        continuation.resume(with: $0)
                    })
                defer { state.isAsking = true }
                return !state.isAsking
            }
            if begins { Task { await ask() } }
        }
    }

    /// Until nobody asks any more. What comes while one batch is under way is in the next.
    private func ask() async {
        while case let batch = take(), !batch.isEmpty {
            // One question for each key; whoever has the same one is told that somebody asks.
            var asked: [LookupKey: Question] = [:]
            for question in batch where asked[question.key] == nil { asked[question.key] = question }
            do {
                let places = try await places(of: Array(asked.values))
                for question in batch {
                    guard let place = places[question.key], let first = asked[question.key] else {
                        question.answer(.success(.busy))
                        continue
                    }
                    if question.id == first.id {
                        if case .mine = place { state.withLock { _ = $0.held.insert(question.key) } }
                        question.answer(.success(place))
                    } else if case .answered = place, question.freshAfter <= first.freshAfter {
                        question.answer(.success(place))
                    } else {
                        question.answer(.success(.busy))
                    }
                }
            } catch {
                for question in batch { question.answer(.failure(error)) }
            }
        }
    }

    private func take() -> [Question] {
        state.withLock { state in
            let batch = Array(state.questions.prefix(LookupDesk.most))
            state.questions.removeFirst(batch.count)
            if batch.isEmpty { state.isAsking = false }
            return batch
        }
    }

    private func places(of questions: [Question]) async throws -> [LookupKey: Place] {
        let daemon = daemon
        return try await pool.upkeep { tx in
            tx.enterEveryWorkspace()
            let workspaces = TextArray(questions.map(\.key.workspaceID))
            let providers = TextArray(questions.map(\.key.provider))
            let hashes = TextArray(questions.map(\.key.hash))
            let fresh = TextArray(questions.map(\.freshAfter))
            let mine = try tx.all(
                TaskQueue.reserve, daemon, workspaces, providers, hashes, fresh,
                TextArray(questions.map(\.record)))
            let answers = try tx.all(TaskQueue.findAnswers, workspaces, providers, hashes, fresh)
            var places: [LookupKey: Place] = [:]
            for (key, answer, moment) in answers {
                places[key] = .answered(
                    FoundField.stored(try JSON.parse(answer.text), answeredAt: moment))
            }
            for key in mine { places[key] = .mine }
            return places
        }
    }
}
