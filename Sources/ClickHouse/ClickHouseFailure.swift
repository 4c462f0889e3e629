import Egress

/// Why ClickHouse has not done what it was asked, as far as the client can tell.
///
/// The text has neither credentials nor inserted rows nor values of parameters in it.
public enum ClickHouseFailure: Error, Sendable, Equatable {
    /// No answer, or none of ClickHouse itself. Whether the statement took effect is not known, unless ``wasSent`` is false.
    case unavailable(Cause)
    /// ClickHouse answered with an exception. The code is one of its `ErrorCodes`; the message is shortened.
    case refused(code: Int, message: String)
    /// The task that asked was cancelled; a statement under way is told to stop.
    case cancelled
    /// The statement is none that may be sent, or the answer is none that was asked for. The text says why.
    case unusable(String)

    public enum Cause: Sendable, Equatable {
        /// There was no whole answer.
        case connection(HTTPFailure)
        /// A status without an exception, as those in between send; `retryAfterSeconds` is what it asked to wait.
        case status(Int, retryAfterSeconds: Int?)
        /// The answer is no JSON, or not what such a statement gives.
        case unreadable
    }

    /// Whether the same statement could fare better later.
    public var isTransient: Bool {
        switch self {
        case .unavailable(.connection(let failure)): failure.isTransient
        case .unavailable(.status(let status, _)): status >= 500 || status == 408 || status == 429
        case .unavailable(.unreadable): true
        case .refused(let code, _): ErrorCode.transient.contains(code)
        case .cancelled, .unusable: false
        }
    }

    /// Whether the rows of an insert are what is wrong: it fails for good, and the same rows one by one would tell which.
    public var isAboutRows: Bool {
        guard case .refused(let code, _) = self else { return false }
        return ErrorCode.aboutRows.contains(code)
    }

    /// Whether the server stopped a query because of its ``QueryLimits``.
    public var isLimit: Bool {
        guard case .refused(let code, _) = self else { return false }
        return ErrorCode.limits.contains(code)
    }

    /// Whether the server may have got the statement.
    public var wasSent: Bool {
        switch self {
        case .unavailable(.connection(let failure)): failure.mayHaveBeenSent
        case .unavailable, .refused, .cancelled: true
        case .unusable: false
        }
    }

    init(_ failure: HTTPFailure) {
        switch failure.reason {
        case .cancelled: self = .cancelled
        case .refusedRequest(let why), .refusedURL(let why): self = .unusable(why)
        case .tooLarge(.body): self = .unusable("the answer is larger than its limit")
        default: self = .unavailable(.connection(failure))
        }
    }
}

extension ClickHouseFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unavailable(.connection(let failure)): "\(failure)"
        case .unavailable(.status(let status, _)): "it answers with status \(status)"
        case .unavailable(.unreadable): "its answer cannot be read"
        case .refused(let code, let message): "exception \(code): \(message)"
        case .cancelled: "cancelled"
        case .unusable(let why): why
        }
    }
}

/// The codes that mean something to a client, of `src/Common/ErrorCodes.cpp`.
enum ErrorCode {
    /// The server is short of something, or somebody else of its cluster is away.
    static let transient: Set<Int> = [
        3,  // UNEXPECTED_END_OF_FILE: the body broke off
        32,  // ATTEMPT_TO_READ_AFTER_EOF
        74, 75, 76,  // CANNOT_READ_FROM_FILE_DESCRIPTOR, CANNOT_WRITE_TO_FILE_DESCRIPTOR, CANNOT_OPEN_FILE
        95, 96,  // CANNOT_READ_FROM_SOCKET, CANNOT_WRITE_TO_SOCKET
        159,  // TIMEOUT_EXCEEDED
        160,  // TOO_SLOW
        173,  // CANNOT_ALLOCATE_MEMORY
        198,  // DNS_ERROR
        201,  // QUOTA_EXPIRED
        202,  // TOO_MANY_SIMULTANEOUS_QUERIES
        203,  // NO_FREE_CONNECTION
        209, 210,  // SOCKET_TIMEOUT, NETWORK_ERROR
        216,  // QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING
        225,  // NO_ZOOKEEPER
        236,  // ABORTED: it is shutting down
        241,  // MEMORY_LIMIT_EXCEEDED
        242,  // TABLE_IS_READ_ONLY
        243,  // NOT_ENOUGH_SPACE
        252,  // TOO_MANY_PARTS
        254, 265,  // NO_ACTIVE_REPLICAS, NO_AVAILABLE_REPLICA
        279,  // ALL_CONNECTION_TRIES_FAILED
        285, 286,  // TOO_FEW_LIVE_REPLICAS, UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
        319,  // UNKNOWN_STATUS_OF_INSERT
        335, 337,  // BARRIER_TIMEOUT, DDL_GUARD_IS_ACTIVE
        364,  // RECEIVED_ERROR_TOO_MANY_REQUESTS
        369,  // ALL_REPLICAS_ARE_STALE
        373,  // SESSION_IS_LOCKED
        384,  // PART_IS_TEMPORARILY_LOCKED
        394,  // QUERY_WAS_CANCELLED
        410,  // EXTERNAL_SERVER_IS_NOT_RESPONDING
        416,  // REPLICA_STATUS_CHANGED
        425,  // SYSTEM_ERROR
        439,  // CANNOT_SCHEDULE_TASK
        473,  // DEADLOCK_AVOIDED
        499,  // S3_ERROR
        517,  // CANNOT_ASSIGN_ALTER
        519,  // NO_REMOTE_SHARD_AVAILABLE
        529,  // NOT_A_LEADER
        999,  // KEEPER_EXCEPTION
    ]

    /// What is in the rows does not fit the table.
    static let aboutRows: Set<Int> = [
        6,  // CANNOT_PARSE_TEXT
        25, 26,  // CANNOT_PARSE_ESCAPE_SEQUENCE, CANNOT_PARSE_QUOTED_STRING
        27,  // CANNOT_PARSE_INPUT_ASSERTION_FAILED
        33,  // CANNOT_READ_ALL_DATA
        38, 41,  // CANNOT_PARSE_DATE, CANNOT_PARSE_DATETIME
        53,  // TYPE_MISMATCH
        69, 70,  // ARGUMENT_OUT_OF_BOUND, CANNOT_CONVERT_TYPE
        72,  // CANNOT_PARSE_NUMBER
        117,  // INCORRECT_DATA
        128, 130, 131,  // TOO_LARGE_ARRAY_SIZE, CANNOT_READ_ARRAY_FROM_TEXT, TOO_LARGE_STRING_SIZE
        321,  // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
        349,  // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        376,  // CANNOT_PARSE_UUID
        395,  // FUNCTION_THROW_IF_VALUE_IS_NON_ZERO
        407,  // DECIMAL_OVERFLOW
        441,  // CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING
        467,  // CANNOT_PARSE_BOOL
        469,  // VIOLATED_CONSTRAINT
        675, 676,  // CANNOT_PARSE_IPV4, CANNOT_PARSE_IPV6
    ]

    static let limits: Set<Int> = [
        158,  // TOO_MANY_ROWS
        159,  // TIMEOUT_EXCEEDED
        160,  // TOO_SLOW
        241,  // MEMORY_LIMIT_EXCEEDED
        307,  // TOO_MANY_BYTES
        396,  // TOO_MANY_ROWS_OR_BYTES
    ]
}
