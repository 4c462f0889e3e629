import NIOCore
import NIOHTTP1

/// What a browser asks before it lets a page of another origin call (Fetch, 4.8).
extension HTTPHandler {
    func preflight(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        var answer = HTTPAnswer(.noContent)
        if let origin = head.headers.first(name: "origin"), options.allows(origin: origin) {
            answer.headers.add(
                name: "Access-Control-Allow-Methods", value: "GET, HEAD, POST, PUT, PATCH, DELETE")
            answer.headers.add(
                name: "Access-Control-Allow-Headers",
                value:
                    "Authorization, Content-Type, Idempotency-Key, If-Match, X-Request-Id, X-Timeout-Ms, X-Server-Timing, traceparent"
            )
            answer.headers.add(name: "Access-Control-Max-Age", value: "600")
        }
        write(answer, head, context)
    }
}
