import Egress
import JSON
import RPC

/// How a provider is asked, as its manifest says it.
///
/// What a record says can never become more than a value: in the path and the query it is percent-encoded, in a header so is all but visible
/// ASCII, in the body it is a JSON string. Parameters, headers and members whose input is not there are left out.
struct RequestTemplate: Sendable {
    let method: HTTPRequest.Method
    /// Scheme, host and port as they are, and the path with its places.
    let url: Template
    let query: [(name: String, value: Template)]
    let headers: [(name: String, value: Template)]
    let body: BodyTemplate?
    /// The header that makes a repeated call one call.
    let idempotencyHeader: String?

    /// Whether the same call twice is the same as once.
    var isRepeatable: Bool { method == .get || method == .put || idempotencyHeader != nil }

    /// Why a call cannot be made of these values.
    enum Misfit: Error, Equatable {
        /// The credential has no second part.
        case noSecret
        /// The credential has characters that its place cannot carry.
        case credential
        /// A value would change the path, as `..` does.
        case path
        case client(HTTPFailure)
    }

    var needsSecret: Bool {
        query.contains { $0.value.pieces.contains(.secret) }
            || headers.contains { $0.value.pieces.contains(.secret) }
            || body?.templates.contains { $0.pieces.contains(.secret) } ?? false
    }

    func request(
        _ filling: Filling, timeoutMs: Int, idempotencyKey: String
    ) throws(Misfit) -> HTTPRequest {
        guard filling.secret != nil || !needsSecret else { throw .noSecret }
        var fields: [(name: String, value: String)] = [("Accept", "application/json")]
        for (name, value) in headers {
            guard !value.holdsCredential || RequestTemplate.fitsHeader(filling) else { throw .credential }
            let encode = { (text: String, isCredential: Bool) in
                isCredential ? text : RequestTemplate.headerEncoded(text)
            }
            guard let text = value.filled(filling, encode: encode) else { continue }
            fields.removeAll { $0.name.lowercased() == name.lowercased() }
            fields.append((name, text))
        }
        if let idempotencyHeader { fields.append((idempotencyHeader, idempotencyKey)) }
        if let trace = TraceContext.current { fields.append(("traceparent", trace.header)) }
        var bytes: [UInt8] = []
        if let body {
            fields.append(("Content-Type", "application/json"))
            var writer = JSONWriter()
            body.write(filling, to: &writer)
            bytes = writer.bytes
        }
        do {
            var request = try HTTPRequest(method, try target(filling), headers: fields, body: bytes)
            request.timeoutMs = timeoutMs
            request.connectTimeoutMs = min(timeoutMs, 5_000)
            request.secretHeaders = Set(headers.filter { $0.value.holdsCredential }.map(\.name))
            request.maximumBodyBytes = RequestTemplate.maximumAnswerBytes
            // Whoever counts the calls repeats them himself.
            request.isRepeatable = false
            return request
        } catch let failure as HTTPFailure {
            throw .client(failure)
        } catch let misfit as Misfit {
            throw misfit
        } catch {
            throw .path
        }
    }

    static let maximumAnswerBytes = 1024 * 1024

    private func target(_ filling: Filling) throws(Misfit) -> String {
        let text = url.filled(filling) { text, _ in RequestTemplate.percentEncoded(text) }
        // Dots alone are what a path is shortened by, however they came together.
        guard let text, !text.split(separator: "/").contains(where: { $0 == "." || $0 == ".." }) else {
            throw .path
        }
        let parameters = query.compactMap { name, value -> String? in
            guard let text = value.filled(filling, encode: { text, _ in text }) else { return nil }
            return RequestTemplate.percentEncoded(name) + "=" + RequestTemplate.percentEncoded(text)
        }
        return parameters.isEmpty ? text : text + "?" + parameters.joined(separator: "&")
    }

    private static func fitsHeader(_ filling: Filling) -> Bool {
        (filling.key + (filling.secret ?? "")).utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }

    /// Everything but the unreserved characters of RFC 3986 §2.3.
    static func percentEncoded(_ text: String) -> String {
        encoded(text) { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                true
            default: false
            }
        }
    }

    /// Everything but visible ASCII and the blank, and the percent sign, so that it reads back.
    static func headerEncoded(_ text: String) -> String {
        encoded(text) { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "%") }
    }

    private static func encoded(_ text: String, _ isPlain: (UInt8) -> Bool) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if isPlain(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A JSON value with places in its strings. A string that is one place for an input becomes that input as it is: a number stays a number.
indirect enum BodyTemplate: Sendable {
    /// A number, true, false or null.
    case raw([UInt8])
    case text(Template)
    case list([BodyTemplate])
    case object([(name: String, value: BodyTemplate)])

    /// All that are in it.
    var templates: [Template] {
        switch self {
        case .raw: []
        case .text(let template): [template]
        case .list(let items): items.flatMap(\.templates)
        case .object(let members): members.flatMap(\.value.templates)
        }
    }

    /// Whether everything that a string needs is there.
    private func isThere(_ filling: Filling) -> Bool {
        guard case .text(let template) = self else { return true }
        return template.inputs.allSatisfy { filling.inputs[$0] != nil }
    }

    func write(_ filling: Filling, to writer: inout JSONWriter) {
        switch self {
        case .raw(let bytes): writer.raw(bytes)
        case .text(let template):
            if let name = template.onlyInput, let value = filling.inputs[name] {
                writer.raw(value.json)
            } else if let text = template.filled(filling, encode: { text, _ in text }) {
                writer.string(text)
            } else {
                writer.null()
            }
        case .list(let items):
            writer.beginArray()
            for item in items where item.isThere(filling) { item.write(filling, to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for (name, value) in members where value.isThere(filling) {
                writer.key(name)
                value.write(filling, to: &writer)
            }
            writer.endObject()
        }
    }
}
