import JSON
import NIOCore
import NIOHTTP1

/// How a hook answers deliveries, as data: what `PUT /control/hooks/{name}` takes.
struct HookBehaviour: Sendable, Equatable {
    var status = 200
    /// How many deliveries get ``status`` before it is 200 again; nil for all.
    var times: Int?
    var retryAfterSeconds: Int?
    var latency = Behaviour.Latency.none
    var faults = FaultOdds()

    init() {}

    init(_ place: Place) throws(BadInput) {
        for (name, value) in try place.members() {
            switch name {
            case "status": status = try value.integer(200...599)
            case "times": times = try value.integer(1...1_000_000)
            case "retryAfterSeconds": retryAfterSeconds = try value.integer(0...86_400)
            case "latencyMs": latency = try Behaviour.Latency(value)
            case "faults": faults = try FaultOdds(value)
            default: throw value.unknown("status, times, retryAfterSeconds, latencyMs, faults")
            }
        }
    }
}

/// A place that takes webhooks and keeps what came. Confined to the event loop.
final class Hook {
    struct Delivery {
        /// From 0, in the order of arrival.
        let sequence: Int
        /// What it was answered; 0 when it was not.
        let status: Int
        let headers: [(name: String, value: String)]
        let body: [UInt8]

        /// In memory, about.
        var bytes: Int {
            headers.reduce(body.count + 200) { $0 + $1.name.utf8.count + $1.value.utf8.count + 64 }
        }
    }

    static let maximumDeliveries = 100_000

    let name: String
    var behaviour = HookBehaviour()
    private(set) var deliveries = CircularBuffer<Delivery>()
    private(set) var received = 0
    /// Answered with 2xx.
    private(set) var accepted = 0
    /// No longer kept, for want of room.
    private(set) var dropped = 0
    private(set) var bytes = 0
    private let identity: UInt64

    init(_ name: String, seed: UInt64) {
        self.name = name
        identity = Oracle(seed: seed, name: "hook " + name).identity(of: "")
    }

    /// Headers that are the sender's secret.
    private static let secrets: Set<String> = ["authorization", "cookie", "proxy-authorization", "x-api-key"]

    /// Keeps the delivery, and says what happens to it.
    /// - Parameter room: bytes that may be kept more.
    func receive(_ headers: HTTPHeaders, _ body: [UInt8], room: Int, trap: String) -> Reaction {
        let plain = nextAnswer()
        let fault = behaviour.faults.fault(at: Oracle.draw(identity, .fault, attempt: received))
        let act =
            fault.map {
                Reaction.Act(
                    $0, plain: plain, bits: Oracle.bits(identity, .shape, attempt: received),
                    here: "/hooks/" + name, trap: trap, dripIntervalMs: Behaviour().dripIntervalMs)
            } ?? .answer(plain)
        let reaction = Reaction(
            act: act,
            delayMs: behaviour.latency.milliseconds(
                Oracle.draw(identity, .latency, attempt: received),
                Oracle.draw(identity, .latencyToo, attempt: received)))
        var status = 0
        if case .answer(let answer) = act { status = Int(answer.status.code) }
        keep(
            Delivery(
                sequence: received, status: status,
                headers: headers.map { name, value in
                    (name, Hook.secrets.contains(name.lowercased()) ? "***" : value)
                }, body: body),
            room: room)
        received += 1
        if (200..<300).contains(status) { accepted += 1 }
        return reaction
    }

    private func nextAnswer() -> HTTPAnswer {
        guard behaviour.status != 200 else { return HTTPAnswer(.ok, Array("{}".utf8)) }
        var answer =
            (300..<400).contains(behaviour.status) || behaviour.status == 204
            ? HTTPAnswer(HTTPResponseStatus(statusCode: behaviour.status), [])
            : HTTPAnswer(HTTPResponseStatus(statusCode: behaviour.status), "told", "As it was told to answer")
        if let seconds = behaviour.retryAfterSeconds { answer = answer.with("Retry-After", "\(seconds)") }
        if let times = behaviour.times {
            behaviour.times = times - 1
            if times == 1 {
                behaviour.status = 200
                behaviour.times = nil
                behaviour.retryAfterSeconds = nil
            }
        }
        return answer
    }

    /// The oldest deliveries of this hook make room for the new one.
    private func keep(_ delivery: Delivery, room: Int) {
        var room = room
        while let oldest = deliveries.first,
            room < delivery.bytes || deliveries.count >= Hook.maximumDeliveries
        {
            bytes -= oldest.bytes
            room += oldest.bytes
            dropped += 1
            deliveries.removeFirst()
        }
        guard room >= delivery.bytes else {
            dropped += 1
            return
        }
        bytes += delivery.bytes
        deliveries.append(delivery)
    }

    /// Those that are kept, from `sequence` on, and the sequence of the first of them.
    func deliveries(from sequence: Int) -> (CircularBuffer<Delivery>.SubSequence, first: Int) {
        let oldest = deliveries.first?.sequence ?? received
        let first = min(max(sequence, oldest), received)
        return (deliveries.dropFirst(first - oldest), first)
    }
}

extension Hook.Delivery {
    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("sequence")
        writer.int(sequence)
        writer.key("status")
        writer.int(status)
        writer.key("headers")
        writer.beginArray()
        for (name, value) in headers {
            writer.beginArray()
            writer.string(name.lowercased())
            writer.string(value)
            writer.endArray()
        }
        writer.endArray()
        if let text = String(validating: body, as: UTF8.self) {
            writer.key("body")
            writer.string(text)
        } else {
            writer.key("bodyHexadecimal")
            writer.string(
                String(
                    decoding: body.flatMap { [Query.hexadecimal($0 >> 4), Query.hexadecimal($0 & 0xF)] },
                    as: UTF8.self))
        }
        writer.endObject()
    }
}
