/// A five-character error code of PostgreSQL (documentation, appendix A).
public struct SQLState: Sendable, Hashable, RawRepresentable {
    public let rawValue: String

    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public static let uniqueViolation = SQLState(rawValue: "23505")
    public static let foreignKeyViolation = SQLState(rawValue: "23503")
    public static let checkViolation = SQLState(rawValue: "23514")
    public static let serializationFailure = SQLState(rawValue: "40001")
    public static let deadlockDetected = SQLState(rawValue: "40P01")
    public static let divisionByZero = SQLState(rawValue: "22012")
    public static let queryCanceled = SQLState(rawValue: "57014")
    public static let readOnlyTransaction = SQLState(rawValue: "25006")

    /// Whether the server, or a pooler before it, is what went wrong, not the statement: it shuts down, starts, has no room, or has given
    /// this connection another session than the one where its statements were prepared.
    public var isAboutTheServer: Bool {
        ["57P", "53", "08", "58", "26000", "42P05"].contains { rawValue.hasPrefix($0) }
    }

    /// Whether a COMMIT that is answered with this may have taken effect: the session ended on the way, as one that waits for a
    /// standby does when the server stops.
    var leavesOutcomeOpen: Bool {
        ["57P", "08", "58"].contains { rawValue.hasPrefix($0) }
    }

    /// Whether the same transaction, run again, may well succeed.
    public var isWorthRetrying: Bool { self == .serializationFailure || self == .deadlockDetected }
}

/// Why work on the database failed. Names statement, constraint and column, never a value: that may be a secret.
public struct PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// The server refused a statement.
        case server(SQLState)
        /// No connection could be made.
        case notConnected
        /// The connection broke before COMMIT was sent: nothing has taken effect.
        case connectionLost
        /// The connection broke after COMMIT was sent: nobody knows.
        case outcomeUnknown
        /// A statement before it in the same exchange failed, so it was not run.
        case aborted
        /// The deadline passed or the caller cancelled; the transaction was rolled back.
        case interrupted
        /// No connection became free in time, or too much waits already.
        case poolExhausted
        /// The pool has been shut down.
        case poolClosed
        /// A value is not what the code expects in that column.
        case decoding(column: String)
        /// Another number of rows than the code expects.
        case rowCount
        /// A parameter cannot be stored: a NUL character in text.
        case parameter
    }

    public let kind: Kind
    /// The server's primary message, or a sentence of this library. Never DETAIL: it quotes values.
    public let message: String
    /// The beginning of the statement's text.
    public let statement: String?
    public let constraint: String?
    public let table: String?
    public let column: String?

    init(
        _ kind: Kind, _ message: String, statement: String? = nil, constraint: String? = nil,
        table: String? = nil,
        column: String? = nil
    ) {
        self.kind = kind
        self.message = message
        self.statement = statement
        self.constraint = constraint
        self.table = table
        self.column = column
    }

    public var description: String {
        var text = "\(kind): \(message)"
        if let constraint { text += " (constraint \(constraint))" }
        if let statement { text += " in: \(statement)" }
        return text
    }

    /// Whether this is a violation of the named constraint.
    public func violates(_ constraint: String) -> Bool { self.constraint == constraint }

    /// Whether the connection can be used no more.
    public var breaksConnection: Bool {
        switch kind {
        case .notConnected, .connectionLost, .outcomeUnknown: true
        case .server(let state): state.isAboutTheServer
        default: false
        }
    }
}
