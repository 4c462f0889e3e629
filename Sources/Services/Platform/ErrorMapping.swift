import AnalyticsStores
import Postgres
import RPC
import Resilience

extension Call: Interruptible {
    public var isInterrupted: Bool { interruption != nil }
}

extension CallError {
    /// What a caller is told of an error of the database.
    init(mapping error: any Error, in call: Call) {
        if let failure = error as? AnalyticsFailure {
            self.init(mapping: failure, in: call)
            return
        }
        guard let error = error as? PostgresError else {
            self.init(wrapping: error, in: call)
            return
        }
        switch error.kind {
        case .interrupted: self = call.interruptionError
        case .notConnected, .connectionLost: self = .unavailable("The database is away")
        case .poolExhausted where MonotonicClock.now >= call.deadlineNanoseconds:
            self = call.interruptionError
        case .poolExhausted: self = .unavailable("The database is busy")
        case .poolClosed: self = .unavailable("The daemon is stopping")
        case .outcomeUnknown: self = CallError.unavailable("The database went away").withUnknownOutcome()
        case .server(let state) where state.isAboutTheServer: self = .unavailable("The database is away")
        case .server(.uniqueViolation) where error.constraint?.hasSuffix("_reference_key") == true:
            self.init(.conflict, "This referenceId has been used in this workspace")
        // A key that another process has just taken away; the ring is read again.
        case .server where error.constraint?.hasSuffix("_key_version_fkey") == true:
            self = .unavailable("The master keys have just changed")
        case .server where error.constraint == "master_keys_fingerprint_check":
            self = .unavailable("This daemon has another master key than the database knows")
        // Class 22 is about values: what PostgreSQL cannot hold, as \u0000 inside a JSON object.
        case .server(let state) where state.rawValue.hasPrefix("22"):
            self.init(.validation, "A value cannot be stored")
        case .server(.queryCanceled): self = .unavailable("The database is busy")
        case .server, .decoding, .rowCount, .parameter, .aborted: self.init(.internalError)
        }
    }
}

extension CallError {
    /// What a caller is told when the store of analytics does not answer.
    fileprivate init(mapping failure: AnalyticsFailure, in call: Call) {
        switch failure.kind {
        case _ where call.isInterrupted: self = call.interruptionError
        case .interrupted: self = call.interruptionError
        case .tooMuch:
            self.init(.timeout, "The question takes more than it may: ask for a shorter range")
        case .unavailable, .refused: self = .unavailable("The store of analytics is away")
        }
    }
}

extension Call {
    /// Without another reason it is the deadline that stopped the work.
    var interruptionError: CallError {
        switch interruption {
        case .cancelled: CallError(.cancelled)
        case .draining: .unavailable("The daemon is stopping")
        case .deadline, nil: CallError(.timeout)
        }
    }
}
