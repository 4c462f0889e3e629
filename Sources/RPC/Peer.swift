import Identifiers

/// What a transport knows of the other side before any token is read.
public struct Peer: Sendable, Hashable {
    public enum Address: Sendable, Hashable {
        /// A Unix socket: the peer's uid from `SO_PEERCRED`.
        case uid(UInt32)
        /// HTTP: the client's IP address in text form.
        case ip(String)
        case stdio
    }

    public let address: Address
    /// Whether the transport alone makes it the operator.
    public let isOperator: Bool
    /// A program's own name for itself, as HTTP's `User-Agent`; at most 200 characters.
    public var agent: String?

    public init(_ address: Address, isOperator: Bool, agent: String? = nil) {
        self.address = address
        self.isOperator = isOperator
        self.agent = agent
    }

    /// For logs, audit rows and keys of limits: `uid:1000`, `ip:192.0.2.1`, `stdio`.
    public var label: String {
        switch address {
        case .uid(let uid): "uid:\(uid)"
        case .ip(let ip): "ip:\(ip)"
        case .stdio: "stdio"
        }
    }
}

/// Who makes a call, as far as its token or its transport proves it.
public enum Caller: Sendable, Hashable {
    case anonymous
    /// A token whose signature and times are good. Whether its session still lives is the database's to say.
    case user(id: UUID, session: UUID)
    /// A program with an API key that has its checksum. Whether it is in force is the database's to say.
    case apiKey(id: UUID, secretHash: [UInt8])
    case `operator`

    /// Whose rate a call counts against and whose idempotency keys it has: a name that nobody else can take on. Of an API key that is
    /// its secret, too: whoever has seen an id has not got the key.
    public func scope(at peer: Peer) -> String {
        switch self {
        case .anonymous: peer.network
        case .apiKey(let id, let hash):
            hash.reduce(into: "apiKey:\(id):") { $0 += String($1, radix: 16) + "." }
        case .user, .operator: label(at: peer)
        }
    }

    /// For logs and the trail.
    public func label(at peer: Peer) -> String {
        switch self {
        case .anonymous: peer.label
        case .user(let id, _): "user:\(id)"
        case .apiKey(let id, _): "apiKey:\(id)"
        case .operator: "peer:\(peer.label)"
        }
    }
}

/// The least a caller has to be, from the declaration of a method. The ranks of a workspace are ordered.
public enum Role: Int, Sendable, Comparable, CaseIterable {
    case `public`, user, viewer, member, admin, owner, `operator`

    public static func < (left: Role, right: Role) -> Bool { left.rawValue < right.rawValue }

    /// As in the contract: `viewer`.
    public var name: String {
        switch self {
        case .public: "public"
        case .user: "user"
        case .viewer: "viewer"
        case .member: "member"
        case .admin: "admin"
        case .owner: "owner"
        case .operator: "operator"
        }
    }

    /// Whether it is held inside one workspace.
    public var isOfWorkspace: Bool { (Role.viewer...Role.owner).contains(self) }

    /// The role of a workspace with that name.
    public init?(workspaceRole name: String) {
        guard let role = Role.allCases.first(where: { $0.isOfWorkspace && $0.name == name }) else {
            return nil
        }
        self = role
    }
}

/// Which of the configured rates a method counts against.
public enum RateClass: String, Sendable, CaseIterable {
    case general, auth
}
