extension LookupFailure {
    /// It has failed before, and to ask it again could do harm or is in vain.
    static let notAgain = LookupFailure(
        .refused, "It has failed before, and is not asked again", isTransient: false)
}

extension Waterfall {
    /// What the steps so far have come to. Pure: it is where the rules are.
    struct Progress {
        /// For how long the task has been put back again and again since somebody rests, in seconds.
        let waited: Double
        private var best: (field: FoundField, provider: String)?
        private var wasAsked = false
        private var failure: String?
        private var missing: String?
        /// Those who have failed and may be asked again.
        private(set) var repeatable: [String] = []
        /// What the slowest of them has asked for.
        private(set) var retryAfterSeconds = 0.0
        /// Until the first of those is back who rest, where there is patience for him.
        private var rests: Double?

        /// A task waits for a provider that is left alone until that has lasted so long.
        private static let circuitPatienceSeconds = 300.0
        private static let shortestCircuitPauseSeconds = 4.0
        private static let longestCircuitPauseSeconds = 30.0
        /// And for one that wants to be left alone.
        private static let restPatienceSeconds = 86_400.0
        private static let longestPauseSeconds = 3600.0

        init(waited: Double) {
            self.waited = waited
        }

        /// - Returns: the end, when this step is it.
        mutating func take(_ step: Step, _ field: JobField) -> TaskOutcome.Result? {
            switch step {
            case .found(let found, let provider, let cost, let isFresh):
                wasAsked = true
                if found.confidence >= field.minConfidence {
                    return TaskOutcome.Result(
                        status: isFresh ? .found : .cached, value: found.text, provider: provider,
                        confidence: found.confidence, cost: isFresh ? cost : 0, answeredAt: found.answeredAt)
                }
                if found.confidence > (best?.field.confidence ?? -1) { best = (found, provider) }
            case .nothing: wasAsked = true
            case .notAsked(let reason): missing = missing ?? reason
            case .failed(let reason, let provider):
                failure = failure ?? "\(provider): \(reason.message)"
                fail(reason, provider)
            case .busy: break
            }
            return nil
        }

        private mutating func fail(_ reason: LookupFailure, _ provider: String) {
            let after = reason.retryAfterNanoseconds.map { Double($0) / 1e9 }
            switch reason.wait {
            case nil:
                guard reason.isTransient, reason.isRepeatable else { return }
                repeatable.append(provider)
                retryAfterSeconds = min(max(retryAfterSeconds, after ?? 0), Progress.longestPauseSeconds)
            case .circuit(let lasted):
                // Of this outage, and as far as the task has seen it.
                let waited = min(waited, Double(lasted) / 1e9)
                guard waited < Progress.circuitPatienceSeconds else { return }
                // It may be over before its time: another daemon, or the operator, has found that out.
                let longest = min(
                    max(Progress.shortestCircuitPauseSeconds, waited / 2), Progress.longestCircuitPauseSeconds
                )
                rests = min(rests ?? .infinity, min(max(1, after ?? longest), longest) / 2)
            case .rest, .turn:
                guard waited < Progress.restPatienceSeconds else { return }
                rests = min(rests ?? .infinity, min(after ?? 1, Progress.longestPauseSeconds))
            }
        }

        /// How long to wait for those who rest; nil when there are none, or it has been long enough.
        func restSeconds(using random: inout some RandomNumberGenerator) -> Double? {
            // Not all at once, when it is their turn.
            rests.map { $0 * .random(in: 1...2, using: &random) }
        }

        /// After `seconds`, and the longer it has lasted the later.
        func pause(afterRest seconds: Double, using random: inout some RandomNumberGenerator) -> Double {
            let more = min(max(1, waited), 60)
            return seconds + more * .random(in: 0...1, using: &random)
        }

        var end: TaskOutcome.Result {
            if let best {
                return TaskOutcome.Result(
                    status: .exhausted, value: best.field.text, provider: best.provider,
                    confidence: best.field.confidence, error: failure)
            }
            if let failure { return TaskOutcome.Result(status: .failed, error: failure) }
            return wasAsked
                ? TaskOutcome.Result(status: .notFound)
                : TaskOutcome.Result(status: .skipped, error: missing ?? "Nobody was asked")
        }
    }
}
