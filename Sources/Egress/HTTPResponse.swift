/// The last answer, after the redirects.
public struct HTTPResponse: Sendable {
    public enum Version: Sendable, Equatable { case http10, http11, http2, other }

    /// Microseconds from the beginning of the last hop until each was there; 0 for what was not needed, as on a connection that
    /// was open already.
    public struct Timings: Sendable, Equatable {
        /// The name was resolved.
        public internal(set) var resolvedMicroseconds: Int64 = 0
        /// TCP was connected.
        public internal(set) var connectedMicroseconds: Int64 = 0
        /// TLS stood.
        public internal(set) var securedMicroseconds: Int64 = 0
        /// The first byte of the answer came.
        public internal(set) var firstByteMicroseconds: Int64 = 0
        /// Until the end, from the call of `send`: with waiting in the queue and every hop.
        public internal(set) var totalMicroseconds: Int64 = 0
    }

    public internal(set) var status = 0
    /// Of the answer itself, without its trailers and without informational answers.
    public internal(set) var headers = HTTPHeaders()
    /// Decoded.
    public internal(set) var body: [UInt8] = []
    /// Scheme, host and port that answered.
    public internal(set) var origin = ""
    /// How many redirects led there.
    public internal(set) var redirects = 0
    public internal(set) var version = Version.other
    /// The IP address that answered.
    public internal(set) var remoteAddress = ""
    /// Whether the connection had been made for an earlier request.
    public internal(set) var isConnectionReused = false
    public internal(set) var timings = Timings()
}

extension HTTPResponse: CustomStringConvertible, CustomReflectable {
    /// Status and origin: headers and body may hold secrets.
    public var description: String { "\(status) from \(origin)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
