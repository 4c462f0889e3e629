import CCurl
import Resilience

/// The one way to outside HTTP services: https with HTTP/2 where the server has it, connections kept, every size and every time
/// bounded, and nowhere but where ``EgressPolicy`` lets it.
///
/// It takes no proxy, password or setting from the environment, keeps no cookies, and sends nothing twice that is not
/// ``HTTPRequest/isRepeatable``. One slow service can take all places: what calls strangers gets a client of its own.
public final class HTTPClient: Sendable {
    /// Whether there is a libcurl to call with.
    public static var canBeMade: Bool { rpcd_libcurl_is_there() != 0 }

    public struct Configuration: Sendable {
        public var policy: EgressPolicy
        /// A file of PEM certificates that are trusted instead of the system's.
        public var authorities: String?
        /// Requests under way at once; at least 1.
        public var maximumInFlight = 64
        /// Requests that wait for a place; the next one fails as `.busy`.
        public var maximumWaiting = 256
        /// Connections kept for later.
        public var maximumIdleConnections = 32
        /// Sent as `User-Agent` where the request has none.
        public var userAgent = "rpcd"
        /// `host:port:address,address`, instead of asking the resolver (CURLOPT_RESOLVE(3)). For tests.
        package var resolutions: [String] = []

        public init(policy: EgressPolicy) {
            self.policy = policy
        }
    }

    public let policy: EgressPolicy
    private let thread: TransferThread

    /// What answers may be compressed with. zstd is left out: its frames ask for memory as they please.
    static let encodings: String = {
        let features = rpcd_curl_features()
        let all = [("gzip", CURL_VERSION_LIBZ), ("deflate", CURL_VERSION_LIBZ), ("br", CURL_VERSION_BROTLI)]
        return all.filter { features & $0.1 != 0 }.map(\.0).joined(separator: ", ")
    }()

    /// - Throws: `.broken` when libcurl or the thread does not start.
    public init(_ configuration: Configuration) throws(HTTPFailure) {
        var configuration = configuration
        configuration.maximumInFlight = max(1, configuration.maximumInFlight)
        configuration.maximumWaiting = max(0, configuration.maximumWaiting)
        configuration.maximumIdleConnections = max(1, configuration.maximumIdleConnections)
        policy = configuration.policy
        thread = try TransferThread(configuration)
    }

    deinit { thread.close() }

    /// Ends what runs and waits with `.closed`, then the thread and its connections. It returns at once.
    public func close() { thread.close() }

    /// Sends a request and follows its redirects. Cancelling the task ends the connection and throws `.cancelled`.
    public func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
        try request.checkBounds()
        let start = MonotonicClock.now
        let deadline = start + UInt64(request.timeoutMs) * 1_000_000
        var hop = request
        var redirects = 0
        while true {
            var response: HTTPResponse
            do throws(HTTPFailure) {
                response = try await perform(hop, deadlineNanoseconds: deadline)
            } catch {
                throw HTTPFailure(
                    error.reason, origin: error.origin,
                    mayHaveBeenSent: error.mayHaveBeenSent || redirects > 0)
            }
            guard let next = try Redirect.next(after: response, to: hop, followed: redirects) else {
                response.redirects = redirects
                response.timings.totalMicroseconds = Int64((MonotonicClock.now - start) / 1_000)
                return response
            }
            hop = next
            redirects += 1
        }
    }

    private func perform(_ request: HTTPRequest, deadlineNanoseconds: UInt64) async throws(HTTPFailure)
        -> HTTPResponse
    {
        let cancellation = Cancellation()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                thread.submit(
                    Transfer(
                        request, policy: policy, deadlineNanoseconds: deadlineNanoseconds,
                        cancellation: cancellation
                    ) { continuation.resume(returning: $0) })
            }
        } onCancel: {
            thread.cancel(cancellation)
        }
        return try result.get()
    }
}
