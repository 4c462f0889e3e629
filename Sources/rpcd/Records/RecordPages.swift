import JSON
import Transports

/// The records of a workspace, page by page; the next one is asked for while the last one is dealt with.
final class RecordPages {
    private let link: DaemonLink
    private let workspace: String
    private let filter: [UInt8]?
    private var cursor: String?
    private var requestID: Int?
    private var isAtEnd = false

    /// The most that a list gives.
    private static let pageRecords = 100

    /// - Parameter filter: a JSON object.
    init(_ link: DaemonLink, workspace: String, filter: [UInt8]?) {
        self.link = link
        self.workspace = workspace
        self.filter = filter
    }

    /// The records of the next page; nil at the end.
    func next() async throws -> JSON? {
        while !isAtEnd {
            do {
                if requestID == nil { try ask() }
                let (id, outcome) = try link.answer()
                guard id == requestID else { continue }
                requestID = nil
                switch outcome {
                case .success(let page):
                    cursor = page["nextCursor"]?.string
                    if cursor == nil { isAtEnd = true } else { try askAhead() }
                    return page["items"]
                case .failure(let error) where error.passes: try await link.rest(after: error)
                case .failure(let error): throw error
                }
            } catch let error as SocketError {
                requestID = nil
                try await link.reconnect(after: error)
            }
        }
        return nil
    }

    private func ask() throws(SocketError) {
        requestID = try link.send("records.list") { writer in
            writer.key("workspaceId")
            writer.string(workspace)
            writer.key("limit")
            writer.int(RecordPages.pageRecords)
            if let filter {
                writer.key("filter")
                writer.raw(filter)
            }
            if let cursor {
                writer.key("cursor")
                writer.string(cursor)
            }
        }
    }

    /// A connection that is lost meanwhile is found to be so when the page is wanted.
    private func askAhead() throws {
        do { try ask() } catch { requestID = nil }
    }
}
