import Glibc

/// A call to the service manager, the journal or the credentials directory failed.
public struct SystemdError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The function that failed, with its object where it has one.
    public let operation: String
    /// What errno(3) would say.
    public let code: Int32

    init(_ operation: String, code: Int32) {
        self.operation = operation
        self.code = code
    }

    public var description: String {
        let reason = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        return "\(operation): \(reason)"
    }
}
