import JSON
import NIOCore
import NIOHTTP1

/// An answer before it is written.
struct HTTPAnswer {
    var status: HTTPResponseStatus
    var headers = HTTPHeaders()
    var body = ByteBuffer()

    init(_ status: HTTPResponseStatus, _ body: [UInt8], type: String = "application/json") {
        self.status = status
        headers.add(name: "Content-Type", value: type)
        self.body = ByteBuffer(bytes: body)
    }

    init(_ status: HTTPResponseStatus, write: (inout JSONWriter) -> Void) {
        var writer = JSONWriter()
        write(&writer)
        self.init(status, writer.bytes)
    }

    /// `{"error":{"code":…,"message":…}}`
    init(_ status: HTTPResponseStatus, _ code: String, _ message: String) {
        self.init(status) { writer in
            writer.beginObject()
            writer.key("error")
            writer.beginObject()
            writer.key("code")
            writer.string(code)
            writer.key("message")
            writer.string(message)
            writer.endObject()
            writer.endObject()
        }
    }

    func with(_ name: String, _ value: String) -> HTTPAnswer {
        var answer = self
        answer.headers.add(name: name, value: value)
        return answer
    }
}

/// What happens to a request that has been read whole.
struct Reaction {
    enum Act {
        case answer(HTTPAnswer)
        /// The answer, and a Content-Length that promises more.
        case truncated(HTTPAnswer)
        /// The answer, a byte at a time.
        case drip(HTTPAnswer, intervalMs: Int)
        case endless
        case hang
        case reset
    }

    var act: Act
    /// Before anything happens, in milliseconds.
    var delayMs = 0.0

    static func answer(_ answer: HTTPAnswer) -> Reaction { Reaction(act: .answer(answer)) }
}

extension Reaction.Act {
    /// - Parameters:
    ///   - plain: what would be answered without the fault.
    ///   - bits: choose among the shapes of a fault that has several.
    ///   - here: the path and query of the request, without secrets.
    ///   - trap: host and port that nobody should come to.
    init(
        _ fault: Fault, plain: HTTPAnswer, bits: UInt64, here: String, trap: String, dripIntervalMs: Int
    ) {
        switch fault {
        case .http500:
            self = .answer(HTTPAnswer(.internalServerError, "internal", "Something went wrong"))
        case .http503:
            self = .answer(HTTPAnswer(.serviceUnavailable, "unavailable", "Down for maintenance"))
        case .http429:
            self = .answer(
                HTTPAnswer(.tooManyRequests, "rate_limited", "Slow down").with("Retry-After", "1"))
        case .reset: self = .reset
        case .hang: self = .hang
        case .truncated: self = .truncated(plain)
        case .endless: self = .endless
        case .drip: self = .drip(plain, intervalMs: dripIntervalMs)
        case .redirectLoopback:
            self = .answer(HTTPAnswer(.found, []).with("Location", "http://\(trap)/latest/meta-data"))
        case .redirectLoop: self = .answer(HTTPAnswer(.found, []).with("Location", here))
        case .errorInside:
            self = .answer(
                HTTPAnswer(.ok, Array(#"{"error":{"code":"internal","message":"Try again"}}"#.utf8)))
        case .wrongSchema:
            self = .answer(HTTPAnswer(.ok, Self.strangeShapes[Int(bits % UInt64(Self.strangeShapes.count))]))
        case .wrongType:
            let page = "<!doctype html><title>Welcome</title><p>The service has moved.</p>\n"
            self = .answer(HTTPAnswer(.ok, Array(page.utf8), type: "text/html; charset=utf-8"))
        case .nonUtf8:
            let body =
                Array(#"{"email":"ad"#.utf8) + [0xFF, 0xC0] + Array(#"@acme.example","confidence":0.9}"#.utf8)
            self = .answer(HTTPAnswer(.ok, body))
        // What differs is in the plain answer already.
        case .duplicateIds: self = .answer(plain)
        case .bomb:
            var answer = HTTPAnswer(.ok, []).with("Content-Encoding", "gzip")
            answer.body = GzipBomb.body
            self = .answer(answer)
        }
    }

    /// None of them holds a value that could be taken.
    private static let strangeShapes: [[UInt8]] = [
        "[]", #""ok""#, "42", "null",
        #"{"email":{"value":["ada",1815]},"confidence":"high"}"#,
        #"{"email":42,"phone":[],"companySize":"many","confidence":-7}"#,
        #"{"email":"not an address","phone":"call me","companySize":-1,"confidence":1e999}"#,
        #"{"payload":{"e":null},"version":9}"#,
        String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000),
    ].map { Array($0.utf8) }
}

/// `{"email":"aaa…"}`: 1,048,631 bytes of gzip (RFC 1951, RFC 1952) that unpack into 1,082,130,961.
enum GzipBomb {
    static let body: ByteBuffer = {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(start.count + run + end.count)
        buffer.writeBytes(start)
        buffer.writeRepeatingByte(0, count: run)
        buffer.writeBytes(end)
        return buffer
    }()

    /// Two zero bits say "the last byte, 258 times more", so that a zero byte is 1,032 bytes.
    private static let run = 1 << 20

    /// A header; the text up to the value in a block as it is; the head of a block with codes of its own: 0 for a length
    /// of 258, 10 for `a`, 11 for the end, 0 for a distance of 1. Then one `a`, and two lengths to fill the byte.
    private static let start: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x00, 0x0A, 0x00, 0xF5, 0xFF, 0x7B, 0x22,
        0x65, 0x6D, 0x61, 0x69, 0x6C, 0x22, 0x3A, 0x22, 0xEC, 0xE0, 0x81, 0x00, 0x00, 0x00, 0x00, 0x80, 0x20,
        0xB0, 0xEE, 0x2F, 0xB1, 0x48, 0x05,
    ]

    /// The end of that block; the text behind the value; CRC-32 and length.
    private static let end: [UInt8] = [
        0x07, 0x02, 0x00, 0xFD, 0xFF, 0x22, 0x7D, 0x1E, 0x60, 0x90, 0x53, 0x11, 0x02, 0x80, 0x40,
    ]
}
