/// Why a request has no answer. An answer of any status is no failure.
///
/// The text names the origin (scheme, host, port) and nothing more of the URL, and neither headers nor bodies: a path can be
/// as secret as a query, as those of webhooks are.
public struct HTTPFailure: Error, Sendable, Equatable {
    public enum Reason: Sendable, Equatable {
        /// The URL, or the one of a redirect, is none that may be called. The text says why.
        case refusedURL(String)
        /// A header, the method with its body, or a bound is none that may be sent.
        case refusedRequest(String)
        /// Every address of the host is one that ``EgressPolicy`` refuses; nothing was connected to. The text names the last.
        case refusedAddress(String)
        /// The name of the host has no address, or the resolver did not answer.
        case resolve
        /// No address of the host took the connection.
        case connect
        case tls(TLSProblem)
        /// The whole time of the request is up, or that for connecting.
        case timeout
        case tooLarge(Part)
        /// More redirects than the request allows, a loop among them.
        case tooManyRedirects
        /// The connection ended before the answer did.
        case truncated
        /// The answer is no HTTP that can be read.
        case unreadable(String)
        /// The task that asked was cancelled.
        case cancelled
        /// As many requests run and wait as may; this one was not begun.
        case busy
        /// The client was closed.
        case closed
        /// libcurl does not take the settings or has no memory.
        case broken(String)
    }

    public enum TLSProblem: Sendable, Equatable {
        /// The certificate is not trusted, has run out or is for another name.
        case untrusted
        /// It came to no agreement, or the connection ended before.
        case handshake
        /// The file of the trusted certificates cannot be read.
        case authorities
    }

    public enum Part: Sendable, Equatable { case headers, body }

    public let reason: Reason
    /// Scheme, host and port; nil when the URL has none that can be told.
    public let origin: String?
    /// Whether a server may have got the request, this one or one before a redirect, and acted on it.
    public let mayHaveBeenSent: Bool

    init(_ reason: Reason, origin: String? = nil, mayHaveBeenSent: Bool = false) {
        self.reason = reason
        self.origin = origin
        self.mayHaveBeenSent = mayHaveBeenSent
    }

    /// Whether the same request could fare better later.
    public var isTransient: Bool {
        switch reason {
        case .resolve, .connect, .tls(.handshake), .timeout, .truncated, .unreadable, .busy: true
        case .refusedURL, .refusedRequest, .refusedAddress, .tls(.untrusted), .tls(.authorities), .tooLarge,
            .tooManyRedirects, .cancelled, .closed, .broken:
            false
        }
    }

    /// Whether sending it again could help and could not do a thing twice.
    public func isSafeToRetry(_ request: HTTPRequest) -> Bool {
        isTransient && (!mayHaveBeenSent || request.isRepeatable)
    }
}

extension HTTPFailure: CustomStringConvertible {
    public var description: String {
        let place = origin.map { "\($0): " } ?? ""
        return place + text + (mayHaveBeenSent ? "; it may have been sent" : "")
    }

    /// For whoever is not to learn where names lead from here: an address is in it only where the URL has it.
    public var descriptionForOutsiders: String {
        guard case .refusedAddress = reason, !isToAddress else { return description }
        return (origin.map { "\($0): " } ?? "") + "the address of the host is refused"
    }

    private var isToAddress: Bool {
        guard let origin, let start = origin.firstRange(of: "://")?.upperBound,
            let end = origin.lastIndex(of: ":"), start < end
        else { return false }
        return IPAddress(origin[start..<end].filter { $0 != "[" && $0 != "]" }) != nil
    }

    private var text: String {
        switch reason {
        case .refusedURL(let why): "the URL is refused: \(why)"
        case .refusedRequest(let why): "the request is refused: \(why)"
        case .refusedAddress(let why): "the address is refused: \(why)"
        case .resolve: "the name of the host does not resolve"
        case .connect: "the connection cannot be made"
        case .tls(.untrusted): "the certificate is not trusted"
        case .tls(.handshake): "TLS does not come about"
        case .tls(.authorities): "the file of trusted certificates cannot be read"
        case .timeout: "the time is up"
        case .tooLarge(.headers): "the headers of the answer are too large"
        case .tooLarge(.body): "the body of the answer is too large"
        case .tooManyRedirects: "too many redirects"
        case .truncated: "the connection ended before the answer did"
        case .unreadable(let why): "the answer cannot be read: \(why)"
        case .cancelled: "cancelled"
        case .busy: "too many requests run and wait already"
        case .closed: "the client is closed"
        case .broken(let why): "libcurl fails: \(why)"
        }
    }
}
