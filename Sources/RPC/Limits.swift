import JSON

/// Every bound that a caller can meet, in one place. `system.limits` reports exactly these.
public struct Limits: Sendable, Equatable {
    /// A message (a frame, or an HTTP body), in bytes.
    public var messageBytes = 8 * 1024 * 1024
    /// Arrays and objects inside each other.
    public var nestingDepth = 64
    /// Entries of one batch.
    public var batchEntries = 100
    /// Records of one bulk call.
    public var bulkRecords = 1000
    /// Fields of one record.
    public var recordFields = 100
    /// All fields of one record together, in bytes of JSON.
    public var recordBytes = 64 * 1024
    /// Requests of one socket connection that run at once.
    public var inFlight = 64
    /// Frames read past what runs, so that a cancel behind them still arrives.
    public var readAheadFrames = 256
    /// The same in bytes.
    public var readAheadBytes = 8 * 1024 * 1024
    /// Jobs of a workspace that have not ended.
    public var openJobs = 1000
    /// Open connections, socket and HTTP together.
    public var connections = 1024
    /// Open connections of one uid (socket) or address (HTTP); the operator is exempt.
    public var connectionsPerPeer = 128
    /// From the first byte of a message to its last, in milliseconds.
    public var messageTimeoutMs: Int64 = 30_000
    /// For a peer that does not read its answers, in milliseconds.
    public var writeTimeoutMs: Int64 = 30_000
    /// Answers waiting for a peer to read them, in bytes; beyond it nothing more of that peer is read.
    public var writeBufferBytes = 1024 * 1024
    /// An idle HTTP connection is closed after this many milliseconds.
    public var httpIdleTimeoutMs: Int64 = 60_000
    /// Of a call that names no `timeoutMs`, in milliseconds.
    public var defaultTimeoutMs: Int64 = 30_000
    /// The longest `timeoutMs` a call may ask for.
    public var maximumTimeoutMs: Int64 = 60_000
    /// For what runs when the daemon stops, in milliseconds.
    public var drainTimeoutMs: Int64 = 10_000

    public init() {}

    /// One limit: its name as callers see it, what it bounds, and where it is kept.
    public struct Entry: Sendable {
        /// camelCase, the unit last.
        public let name: String
        public let summary: String
        public let range: ClosedRange<Int64>
        public let get: @Sendable (Limits) -> Int64
        public let set: @Sendable (inout Limits, Int64) -> Void

        init(
            _ name: String, _ summary: String, _ range: ClosedRange<Int64>,
            _ path: WritableKeyPath<Limits, Int> & Sendable
        ) {
            self.name = name
            self.summary = summary
            self.range = range
            get = { Int64($0[keyPath: path]) }
            set = { $0[keyPath: path] = Int($1) }
        }

        init(
            _ name: String, _ summary: String, _ range: ClosedRange<Int64>,
            _ path: WritableKeyPath<Limits, Int64> & Sendable
        ) {
            self.name = name
            self.summary = summary
            self.range = range
            get = { $0[keyPath: path] }
            set = { $0[keyPath: path] = $1 }
        }

        /// The setting that changes it: `messageBytes` is `RPCD_LIMIT_MESSAGE_BYTES`.
        public var setting: String {
            name.reduce(into: "RPCD_LIMIT_") { key, character in
                if character.isUppercase { key.append("_") }
                key.append(character.uppercased())
            }
        }
    }

    /// All of them, in the order in which they are reported.
    public static let all: [Entry] = [
        Entry("messageBytes", "bytes of one message", 1024...1_073_741_824, \.messageBytes),
        Entry("nestingDepth", "arrays and objects inside each other", 8...512, \.nestingDepth),
        Entry("batchEntries", "entries of one batch", 1...10_000, \.batchEntries),
        Entry("bulkRecords", "records of one bulk call", 1...10_000, \.bulkRecords),
        Entry("recordFields", "fields of one record", 1...1000, \.recordFields),
        Entry("recordBytes", "bytes of all fields of one record", 1024...1_048_576, \.recordBytes),
        Entry("openJobs", "jobs of a workspace that have not ended", 1...1_000_000, \.openJobs),
        Entry("inFlight", "requests of one connection that run at once", 1...65_536, \.inFlight),
        Entry("readAheadFrames", "frames read past what runs", 1...65_536, \.readAheadFrames),
        Entry("readAheadBytes", "bytes read past what runs", 1024...1_073_741_824, \.readAheadBytes),
        Entry("connections", "open connections in all", 1...1_000_000, \.connections),
        Entry(
            "connectionsPerPeer", "open connections of one uid or address", 1...1_000_000,
            \.connectionsPerPeer),
        Entry("messageTimeoutMs", "ms to finish a started message", 10...3_600_000, \.messageTimeoutMs),
        Entry("writeTimeoutMs", "ms for a peer that does not read", 10...3_600_000, \.writeTimeoutMs),
        Entry(
            "writeBufferBytes", "bytes of answers a peer may leave unread", 1024...1_073_741_824,
            \.writeBufferBytes),
        Entry(
            "httpIdleTimeoutMs", "ms an idle HTTP connection stays open", 10...3_600_000, \.httpIdleTimeoutMs),
        Entry("defaultTimeoutMs", "ms for a call that names no timeoutMs", 1...60_000, \.defaultTimeoutMs),
        Entry("maximumTimeoutMs", "the longest timeoutMs of a call", 1...3_600_000, \.maximumTimeoutMs),
        Entry("drainTimeoutMs", "ms for what runs when the daemon stops", 0...3_600_000, \.drainTimeoutMs),
    ]
}
