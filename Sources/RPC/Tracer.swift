import Identifiers
import Resilience

/// Something that was done for a trace, and is no call: a question to a provider, an event that was sent.
public struct TracedWork: Sendable {
    public let context: TraceContext
    public let name: String
    /// What tells it from others of its name.
    public let attributes: KeyValuePairs<String, String>
    public let outcome: String
    /// Whether it was in vain.
    public let isFault: Bool
    /// When it ended, in microseconds since 1970.
    public let endMicroseconds: Int64
    public let nanoseconds: UInt64
}

/// Puts what the daemon does by itself into traces: what is done for a job, or for an event, is one trace whose id is theirs without hyphens,
/// whichever daemon does it.
public struct Tracer: Sendable {
    private let recording: (ratio: Double, record: @Sendable (TracedWork) -> Void)?

    /// Where nobody collects traces.
    public static let off = Tracer(recording: nil)

    /// - Parameters:
    ///   - ratio: of such traces, the part that is recorded: 0 to 1.
    ///   - record: gets what is recorded.
    public init(ratio: Double, record: @escaping @Sendable (TracedWork) -> Void) {
        recording = (ratio, record)
    }

    private init(recording: (Double, @Sendable (TracedWork) -> Void)?) { self.recording = recording }

    /// Does something whose requests then bear its place in the trace.
    /// - Parameter outcome: what is told of what came of it, and whether that was in vain.
    public func work<Value: Sendable, Failure: Error>(
        _ name: String, for id: UUID, _ attributes: KeyValuePairs<String, String>,
        outcome: (Value) -> (String, isFault: Bool),
        _ body: @Sendable () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        guard let recording else { return try await body() }
        let context = TraceContext(of: id, ratio: recording.ratio)
        let start = MonotonicClock.now
        let result = await TraceContext.$current.withValue(context) { () -> Result<Value, Failure> in
            do throws(Failure) { return .success(try await body()) } catch { return .failure(error) }
        }
        let value = try result.get()
        guard context.isSampled else { return value }
        let (text, isFault) = outcome(value)
        recording.record(
            TracedWork(
                context: context, name: name, attributes: attributes, outcome: text, isFault: isFault,
                endMicroseconds: Timestamp.now.microseconds, nanoseconds: MonotonicClock.now - start))
        return value
    }
}
