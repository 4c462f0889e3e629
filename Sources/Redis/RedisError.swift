/// Why a command has no answer that could be used. Nothing of it repeats a key, a value, an address or a password.
public enum RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    /// There is no connection now: it is being made anew.
    case away
    /// Too much waits for the server already.
    case busy
    /// The answer did not come in time. The command may have had its effect.
    case timeout
    /// The connection broke before the answer came. The command may have had its effect.
    case connectionLost
    /// The server refused; only the code of its answer, as `WRONGPASS`.
    case refused(code: String)
    /// The server does not speak the protocol, or beyond the limits.
    case violation(String)
    /// No connection could be made.
    case notConnected(String)
    /// An answer of another shape than the code expects.
    case unexpectedReply
    /// The client has been closed.
    case closed

    public var description: String {
        switch self {
        case .away: "there is no connection"
        case .busy: "too many commands are waiting"
        case .timeout: "no answer in time"
        case .connectionLost: "the connection was lost"
        case .refused(let code): "the server refused: \(code)"
        case .violation(let what): "the server broke the protocol: \(what)"
        case .notConnected(let why): "no connection could be made: \(why)"
        case .unexpectedReply: "an answer of another shape than expected"
        case .closed: "the client is closed"
        }
    }
}
