import JSON
import Resilience

/// Input that nobody honest sends: honest messages, damaged in ways that parsers are known to dislike.
public struct HostileInput {
    private var random: SplitMix64
    private let samples: [[UInt8]]

    /// - Parameter samples: what is damaged.
    public init(_ random: SplitMix64, samples: [[UInt8]]) {
        self.random = random
        self.samples = samples
    }

    /// One of the samples, changed up to a handful of times.
    public mutating func next() -> [UInt8] {
        var bytes = samples[Int.random(in: 0..<samples.count, using: &random)]
        for _ in 0..<Int.random(in: 0...6, using: &random) { change(&bytes) }
        return Array(bytes.prefix(20_000))
    }

    private static let tokens: [[UInt8]] = [
        "{", "}", "[", "]", "\"", "\\", "\\u0000", "\\ud800", ":", ",", "\n", "\r\n", "\r\n\r\n", "null",
        "-0", "1e999", "18446744073709551616", "Content-Length: ", "Content-Length: -1\r\n\r\n",
        "Content-Length: 999999999999\r\n\r\n", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n",
        "FFFFFFFFFFFFFFFF\r\n",
        "_meta", "jsonrpc", "id", "method", "params", "$/cancelRequest", " ", "%00", "%", "?", "#",
        "\u{FEFF}", "é",
    ].map { Array($0.utf8) }

    private mutating func change(_ bytes: inout [UInt8]) {
        let at = Int.random(in: 0...bytes.count, using: &random)
        let length = Int.random(in: 0...min(64, bytes.count - at), using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0 where at < bytes.count: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1 where at < bytes.count: bytes[at] = .random(in: .min ... .max, using: &random)
        case 2: bytes.removeSubrange(at..<at + length)
        case 3: bytes.insert(contentsOf: Array(bytes[at..<at + length]), at: at)
        case 4: bytes.removeSubrange(at...)
        case 5:
            let nesting = [UInt8](
                repeating: UInt8(ascii: Bool.random(using: &random) ? "[" : "{"), count: 200)
            bytes.insert(contentsOf: nesting, at: at)
        case 6:
            let other = samples[Int.random(in: 0..<samples.count, using: &random)]
            bytes.insert(contentsOf: other.prefix(Int.random(in: 0...other.count, using: &random)), at: at)
        default:
            bytes.insert(
                contentsOf: HostileInput.tokens[
                    Int.random(in: 0..<HostileInput.tokens.count, using: &random)], at: at)
        }
    }
}
