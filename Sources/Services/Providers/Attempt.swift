import Egress
import Identifiers
import Resilience

/// What came of one call, and what it says about the provider.
struct Attempt: Sendable {
    let outcome: LookupOutcome
    /// About how much it takes.
    var limit = AdaptiveLimit.Outcome.ignored
    /// About how well it is.
    var circuit = CircuitBreaker.Outcome.ignored
    /// Whether the same call could fare better.
    var isRetryable = false
    /// Whether the same call again does no harm.
    var isSafe = false
    /// What the provider asked for.
    var retryAfterSeconds: Int?

    /// The outcome, with whether asking again does no harm.
    var told: LookupOutcome {
        guard case .failed(var failure) = outcome else { return outcome }
        failure.isRepeatable = isSafe
        return .failed(failure)
    }

    /// Nothing was sent.
    init(_ failure: LookupFailure) {
        outcome = .failed(failure)
        isSafe = true
    }

    /// - Parameter lasted: for how long it has been so.
    static func circuitOpen(_ retryAfter: UInt64?, for lasted: UInt64) -> Attempt {
        Attempt(
            LookupFailure(
                .circuitOpen, "The provider has failed too often and is left alone for a while",
                isTransient: true,
                retryAfterNanoseconds: retryAfter, wait: .circuit(forNanoseconds: lasted)))
    }

    static func putOff(_ retryAfter: UInt64?) -> Attempt {
        Attempt(
            LookupFailure(
                .busy, "Others are before it", isTransient: true, retryAfterNanoseconds: retryAfter,
                wait: .turn))
    }

    static func resting(_ retryAfter: UInt64) -> Attempt {
        Attempt(
            LookupFailure(
                .throttled, "The provider wants to be left alone for a while", isTransient: true,
                retryAfterNanoseconds: retryAfter, wait: .rest))
    }

    static func tooLate(_ retryAfter: UInt64?) -> Attempt {
        guard let retryAfter else {
            return Attempt(
                LookupFailure(
                    .timeout, "There was no turn before the deadline", isTransient: true,
                    retryAfterNanoseconds: 1_000_000_000, wait: .turn))
        }
        return Attempt(
            LookupFailure(
                .throttled, "The provider takes no further call before the deadline", isTransient: true,
                retryAfterNanoseconds: retryAfter, wait: .turn))
    }

    /// An answer came.
    init(_ response: HTTPResponse, _ manifest: Manifest) {
        let status = response.status
        retryAfterSeconds = response.headers["retry-after"].flatMap {
            RetryAfter.seconds(parsing: $0, unixSeconds: Timestamp.now.seconds)
        }
        let retryAfter = retryAfterSeconds.map { UInt64($0) * 1_000_000_000 }
        func failure(
            _ code: LookupFailure.Code, _ what: String, isTransient: Bool, wait: LookupFailure.Wait? = nil
        ) -> LookupOutcome {
            .failed(
                LookupFailure(
                    code, "The provider \(what), with status \(status)", isTransient: isTransient,
                    retryAfterNanoseconds: retryAfter, wait: wait))
        }
        if manifest.throttledStatuses.contains(status) {
            outcome = failure(.throttled, "says that it is asked too often", isTransient: true, wait: .rest)
            limit = .limited(retryAfterNanoseconds: retryAfter)
            isRetryable = true
            // It says itself that it has done nothing.
            isSafe = true
            return
        }
        isSafe = manifest.request.isRepeatable
        isRetryable = manifest.retryableStatuses.contains(status)
        if manifest.answer.notFoundStatuses.contains(status) {
            outcome = .notFound
            (limit, circuit) = (.success, .success)
            return
        }
        switch status {
        case 200..<300:
            outcome = manifest.answer.read(contentType: response.headers["content-type"], body: response.body)
            limit = .success
            if case .failed = outcome { circuit = .failure } else { circuit = .success }
        case 401, 403:
            outcome = failure(.unauthorized, "does not take the credential", isTransient: false)
            circuit = .failure
        case 402:
            outcome = failure(.paymentRequired, "wants to be paid", isTransient: false)
            circuit = .failure
        case 300..<400:
            outcome = failure(.badAnswer, "sends elsewhere", isTransient: false)
            circuit = .failure
        case 400..<500 where !isRetryable:
            outcome = failure(.refused, "does not take the question", isTransient: false)
            // It is well: it is the question that is not.
            circuit = .success
        default:
            outcome = failure(.unavailable, "fails", isTransient: true)
            circuit = .failure
        }
    }

    /// None came.
    init(_ failure: HTTPFailure, _ manifest: Manifest) {
        let mapped = LookupFailure(failure)
        outcome = .failed(mapped)
        isRetryable = failure.isTransient
        isSafe = !failure.mayHaveBeenSent || manifest.request.isRepeatable
        switch mapped.code {
        case .cancelled, .busy: break
        default: circuit = .failure
        }
    }
}

extension LookupFailure {
    static let cancelled = LookupFailure(.cancelled, "Nobody wants the answer any more", isTransient: true)

    init(_ failure: HTTPFailure) {
        switch failure.reason {
        case .refusedURL, .refusedRequest, .refusedAddress, .tls(.untrusted), .tls(.authorities):
            self.init(.blocked, "\(failure)", isTransient: false)
        case .resolve, .connect, .tls(.handshake), .closed, .broken:
            self.init(.unavailable, "\(failure)", isTransient: failure.isTransient)
        case .timeout: self.init(.timeout, "\(failure)", isTransient: true)
        case .tooLarge, .tooManyRedirects: self.init(.badAnswer, "\(failure)", isTransient: false)
        case .truncated, .unreadable: self.init(.badAnswer, "\(failure)", isTransient: true)
        case .cancelled: self = .cancelled
        case .busy:
            self.init(
                .busy, "\(failure)", isTransient: true, retryAfterNanoseconds: 1_000_000_000, wait: .turn)
        }
    }

    init(_ misfit: RequestTemplate.Misfit) {
        switch misfit {
        case .noSecret:
            self.init(
                .unauthorized, "The credential has no secret, which this provider needs", isTransient: false)
        case .credential:
            self.init(
                .unauthorized, "The credential has characters that a request cannot carry", isTransient: false
            )
        case .path: self.init(.refused, "The record would change the path of the request", isTransient: false)
        case .client(let failure): self.init(failure)
        }
    }
}
