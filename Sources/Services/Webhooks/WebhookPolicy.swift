/// When a delivery is tried again, and when an endpoint is left alone. Knows no clock.
enum WebhookPolicy {
    /// After an attempt that failed, in seconds: the last of 8 attempts is made some 28 hours after the first.
    static let retrySeconds: [Int64] = [5, 300, 1800, 7200, 18_000, 36_000, 36_000]
    /// The share of a pause by which it may be shorter or longer: what failed together does not come back together.
    static let jitter = 0.2
    /// More than a day is no answer to a question of today.
    static let longestRestSeconds: Int64 = 86_400
    /// Of an endpoint that says 429 and not for how long.
    static let throttledSeconds: Int64 = 30
    /// An endpoint that has been failing rests a tenth of that time between looks at it, within these.
    static let pauseSeconds: ClosedRange<Int64> = 1...300
    /// After failing for so long an endpoint is disabled.
    static let failingSeconds: Int64 = 5 * 86_400
    /// It takes more than one event that fell into a short outage: a delivery that has been tried over half an hour.
    static let attemptsBeforeDisabling = 4

    /// What becomes of a delivery.
    enum Next: Equatable {
        case delivered
        case again(afterSeconds: Int64)
        case failed
    }

    /// - Parameters:
    ///   - attempts: with this one.
    ///   - random: evenly from 0 to 1.
    static func next(after answer: WebhookAnswer, attempts: Int, random: Double) -> Next {
        guard !answer.isSuccess else { return .delivered }
        guard attempts >= 1, attempts <= retrySeconds.count else { return .failed }
        let pause = Double(retrySeconds[attempts - 1]) * (1 - jitter + 2 * jitter * random)
        return .again(afterSeconds: max(Int64(pause.rounded()), rest(after: answer)))
    }

    /// For how long the endpoint asks to be left alone.
    static func rest(after answer: WebhookAnswer) -> Int64 {
        guard !answer.isSuccess else { return 0 }
        let asked = answer.retryAfterSeconds ?? (answer.status == 429 ? throttledSeconds : 0)
        return min(max(0, asked), longestRestSeconds)
    }

    /// For how long an endpoint is left alone that nothing came through to.
    static func pause(failingForSeconds seconds: Int64) -> Int64 {
        min(max(seconds / 10, pauseSeconds.lowerBound), pauseSeconds.upperBound)
    }

    /// Why an endpoint is disabled; `nil` when it goes on.
    static func disabling(
        after answers: [(answer: WebhookAnswer, attempts: Int)], failingForSeconds seconds: Int64
    ) -> Webhook.DisabledReason? {
        if answers.contains(where: { $0.answer.status == 410 }) { return .gone }
        guard seconds >= failingSeconds, !answers.contains(where: { $0.answer.isSuccess }),
            answers.contains(where: { $0.attempts >= attemptsBeforeDisabling })
        else { return nil }
        return .failing
    }
}

/// What an attempt came to: a status, or why there is none.
struct WebhookAnswer: Sendable, Equatable {
    var status: Int?
    var error: String?
    var retryAfterSeconds: Int64?

    /// For traces.
    var told: String { status.map { "\($0)" } ?? error ?? "" }

    var isSuccess: Bool { status.map { (200...299).contains($0) } ?? false }
}
