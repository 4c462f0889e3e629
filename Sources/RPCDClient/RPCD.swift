import JSON

/// What a program says to a running `rpcd`, and what it hears: ``Client`` has a typed method for each RPC method.
///
/// ```swift
/// let client = RPCD.Client(socket: "/run/rpcd/rpcd.sock", token: key)
/// let workspace = try await client.workspaces.get(workspaceId: id)
/// ```
public enum RPCD {
    /// What travels beside the params of one call.
    public struct CallOptions: Sendable {
        /// In place of the client's own: an access token, or an API key.
        public var token: String?
        /// The same key and params again are done once. Keep it with what the call is for: then a restart of this program repeats nothing.
        public var idempotencyKey: String?
        /// Stands in the daemon's log, and comes back in errors. 1–128 visible ASCII characters.
        public var requestID: String?
        /// The daemon's default is 30 s, a day for what streams.
        public var timeoutMs: Int64?
        /// W3C trace context.
        public var traceparent: String?

        public init(
            token: String? = nil, idempotencyKey: String? = nil, requestID: String? = nil,
            timeoutMs: Int64? = nil, traceparent: String? = nil
        ) {
            self.token = token
            self.idempotencyKey = idempotencyKey
            self.requestID = requestID
            self.timeoutMs = timeoutMs
            self.traceparent = traceparent
        }

        /// A key that nobody has used.
        public static func newIdempotencyKey() -> String {
            (0..<2).map { _ in
                let digits = String(UInt64.random(in: .min ... .max), radix: 16)
                return String(repeating: "0", count: 16 - digits.count) + digits
            }.joined()
        }
    }

    /// Part of a list.
    public struct Page<Item: Sendable>: Sendable {
        public let items: [Item]
        /// Where the next one begins; nil at the end.
        public let nextCursor: String?
    }

    /// All items of a list, read page by page while they are asked for.
    public struct Items<Item: Sendable>: AsyncSequence, Sendable {
        public typealias Element = Item

        let page: @Sendable (_ cursor: String?) async throws(Failure) -> Page<Item>

        public struct AsyncIterator: AsyncIteratorProtocol {
            let page: @Sendable (_ cursor: String?) async throws(RPCD.Failure) -> Page<Item>
            private var items: [Item] = []
            private var position = 0
            private var cursor: String?
            private var isLast = false

            init(_ page: @escaping @Sendable (_ cursor: String?) async throws(RPCD.Failure) -> Page<Item>) {
                self.page = page
            }

            public mutating func next() async throws(RPCD.Failure) -> Item? {
                while position == items.count {
                    guard !isLast else { return nil }
                    let page = try await page(cursor)
                    (items, position, cursor) = (page.items, 0, page.nextCursor)
                    isLast = cursor == nil
                }
                defer { position += 1 }
                return items[position]
            }
        }

        public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(page) }
    }
}

extension RPCD {
    /// What an answer has that must not be seen: it prints as `***`.
    public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
        CustomReflectable
    {
        /// The text itself.
        public let value: String

        public var description: String { "***" }
        public var debugDescription: String { "***" }
        public var customMirror: Mirror { Mirror(self, children: []) }
    }
}

extension RPCD.Secret: Readable {
    init(reading json: JSON) throws(Misread) { value = try String(reading: json) }
}
