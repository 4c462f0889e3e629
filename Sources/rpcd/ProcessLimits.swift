import CRelease
import Glibc
import RPC

/// What the process may take of the host.
enum ProcessLimits {
    private static let mappedBytes: Int32 = 1 << 20
    /// Files, libraries, event loops, connections to databases and to providers.
    private static let ownDescriptors: UInt64 = 1024

    /// Gives memory back where it can, and takes as many descriptors as it may: without any left even the runtime cannot go on.
    /// - Parameter connections: how many callers may have.
    static func settle(connections: Int, _ log: Log) {
        _ = rpcd_map_blocks_from(mappedBytes)
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        guard setrlimit(resource, &limit) == 0, limit.rlim_cur < UInt64(connections) + ownDescriptors else {
            return
        }
        log.write(
            Notice(
                .setting,
                "The process may open \(limit.rlim_cur) files, which is too few for RPCD_LIMIT_CONNECTIONS=\(connections): raise LimitNOFILE, or lower that"
            ))
    }
}
