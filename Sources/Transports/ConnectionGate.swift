import RPC
import Synchronization

/// Counts open connections, in all and of each peer, and says when there are too many. The servers of one daemon share one.
public final class ConnectionGate: Sendable {
    private struct State {
        var limits: Limits
        var all = 0
        /// By network: of IPv6 a /64 is one peer.
        var ofPeer: [String: Int] = [:]
    }

    private let state: Mutex<State>

    public init(_ limits: Limits) {
        state = Mutex(State(limits: limits))
    }

    /// How many are in.
    public var count: Int { state.withLock { $0.all } }

    /// Who is in stays in.
    public func replace(_ limits: Limits) { state.withLock { $0.limits = limits } }

    /// Lets one more in; each that was let in has to ``leave(_:)``. The operator is never kept out.
    /// - Throws: `SERVICE_UNAVAILABLE` over the limit of all, `RATE_LIMIT_EXCEEDED` over that of one peer.
    func enter(_ peer: Peer) throws(CallError) {
        let refusal = state.withLock { state -> CallError? in
            let ofPeer = state.ofPeer[peer.network, default: 0]
            if !peer.isOperator {
                guard state.all < state.limits.connections else {
                    return .unavailable("All \(state.limits.connections) connections are in use")
                }
                guard ofPeer < state.limits.connectionsPerPeer else {
                    return .rateLimited(
                        retryAfterMs: 1000, "You have \(ofPeer) connections open, which is the limit")
                }
            }
            state.all += 1
            state.ofPeer[peer.network] = ofPeer + 1
            return nil
        }
        if let refusal { throw refusal }
    }

    func leave(_ peer: Peer) {
        state.withLock { state in
            state.all -= 1
            let left = state.ofPeer[peer.network, default: 1] - 1
            state.ofPeer[peer.network] = left > 0 ? left : nil
        }
    }
}
