import CPostgres
import Glibc

/// A plain connection for tests that ask PostgreSQL itself: any text, any role.
public final class SQLConsole {
    public struct Answer: Sendable {
        /// `nil` for NULL.
        public let rows: [[String?]]
        public let affected: Int
        /// Of a failure, as `42501`.
        public let sqlState: String?
        public let message: String
    }

    private let handle: OpaquePointer

    public init(_ conninfo: String) throws {
        guard let handle = PQconnectdb(conninfo), PQstatus(handle) == CONNECTION_OK else {
            throw TestCluster.Failure(description: "cannot connect: \(conninfo)")
        }
        self.handle = handle
        PQsetNoticeReceiver(handle, { _, _ in }, nil)
    }

    deinit { PQfinish(handle) }

    @discardableResult
    public func run(_ sql: String, _ values: [String?] = []) -> Answer {
        let texts = values.map { $0.map { strdup($0) } ?? nil }
        defer { for text in texts { free(text) } }
        let result = PQexecParams(
            handle, sql, Int32(values.count), nil, texts.map { UnsafePointer($0) }, nil, nil, 0)
        defer { PQclear(result) }
        let rows = (0..<PQntuples(result)).map { row in
            (0..<PQnfields(result)).map { column in
                PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
            }
        }
        let state = PQresultErrorField(result, rpcd_diag_sqlstate).map { String(cString: $0) }
        return Answer(
            rows: rows, affected: PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0,
            sqlState: state, message: PQerrorMessage(handle).map { String(cString: $0) } ?? "")
    }

    /// The object identifiers of the types of a statement's parameters.
    public func parameterTypes(of sql: String) -> [UInt32] {
        PQclear(PQprepare(handle, "", sql, 0, nil))
        let description = PQdescribePrepared(handle, "")
        defer { PQclear(description) }
        return (0..<PQnparams(description)).map { PQparamtype(description, $0) }
    }
}
