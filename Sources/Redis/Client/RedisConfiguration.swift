import NIOCore

/// How a ``RedisClient`` connects, and what it puts up with.
public struct RedisConfiguration: Sendable {
    public var url: RedisURL
    /// The path of a file of PEM certificates to trust instead of the system's; only where TLS is used.
    public var authorities: String?
    /// What the server calls the connection in `CLIENT LIST`; without blanks.
    public var name = "rpcd"
    /// Channels to hear, from each connection on.
    public var channels: [String] = []
    /// Scripts that the server is told of in advance.
    public var scripts: [RedisScript] = []
    public var limits = RESPLimits()
    /// Most commands that wait for an answer at once; one more fails with `busy`.
    public var maximumInFlight = 1024
    /// For connecting, and for each answer while it is greeted.
    public var connectTimeout = TimeAmount.seconds(3)
    /// How long the server may keep an answer back before the connection is given up.
    public var patience = TimeAmount.seconds(1)
    /// How often an idle connection is tried.
    public var probeInterval = TimeAmount.seconds(5)

    public init(_ url: RedisURL) {
        self.url = url
    }
}

/// A Lua script. The server keeps it under a digest of its own making; until that is known, and when the server has forgotten it, the
/// text is sent.
public struct RedisScript: Sendable, Hashable {
    public let text: String

    public init(_ text: String) {
        self.text = text
    }
}
