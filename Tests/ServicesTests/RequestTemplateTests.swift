import Foundation
import JSON
import Resilience
import TestSupport
import Testing

@testable import Egress
@testable import Services

@Suite("Requests made of manifests and records")
struct RequestTemplateTests {
    private static func filling(
        _ provider: Provider, _ record: String, key: String = "k", secret: String? = "s"
    ) throws -> Filling {
        let input = try provider.input(from: try JSON.parse(record)).get()
        return Filling(inputs: input.values, key: key, secret: secret)
    }

    private static func request(_ provider: Provider, _ filling: Filling) throws -> HTTPRequest {
        try provider.manifest.request.request(filling, timeoutMs: 1000, idempotencyKey: "once")
    }

    @Test("What a record says goes where the manifest has its place, in the spelling of that place")
    func places() throws {
        let provider = Provider(try ManifestTests.read())
        let full = try RequestTemplateTests.filling(
            provider,
            #"{"domain":"https://www.Acme.example/about","name":"  Ada \"B\"  Lövelace ","size":12}"#)
        let request = try RequestTemplateTests.request(provider, full)
        #expect(
            request.target.hasSuffix("/v1/acme.example/people?q=name%20is%20ada%20%22b%22%20l%C3%B6velace"),
            "\(request.target)")
        #expect(request.header("X-Api-Key") == "k" && request.header("X-Size") == "12")
        #expect(
            request.header("Idempotency-Key") == "once"
                && request.header("Content-Type") == "application/json")
        #expect(request.secretHeaders == ["X-Api-Key"])
        #expect(
            request.text
                == #"{"who":{"name":"ada \"b\" lövelace","size":12,"tags":["acme.example","{x}"]},"limit":1,"secret":"s"}"#
        )

        // What is not there leaves no trace.
        let sparse = try RequestTemplateTests.request(
            provider,
            try RequestTemplateTests.filling(provider, #"{"domain":"acme.example","name":"  ","size":null}"#))
        #expect(sparse.target.hasSuffix("/v1/acme.example/people"), "\(sparse.target)")
        #expect(sparse.header("X-Size") == nil)
        #expect(sparse.text == #"{"who":{"tags":["acme.example","{x}"]},"limit":1,"secret":"s"}"#)
    }

    @Test(
        "A credential that lacks a part, or cannot stand in a header, and a record that would change the path, are refused"
    )
    func refused() throws {
        let provider = Provider(try ManifestTests.read())
        let record = #"{"domain":"acme.example"}"#
        for (key, secret, misfit) in [
            ("k", nil, RequestTemplate.Misfit.noSecret), ("k\r\nX-Evil: 1", "s", .credential),
            ("ké", "s", .credential),
        ] {
            let filling = try RequestTemplateTests.filling(provider, record, key: key, secret: secret)
            #expect(throws: misfit) { try RequestTemplateTests.request(provider, filling) }
        }
        let trimmed = try ManifestTests.read(
            ManifestTests.good.replacingOccurrences(
                of: #"{"domain": ["domain"], "#, with: #"{"domain": ["trim"], "#))
        for dots in [".", ".."] {
            let filling = try RequestTemplateTests.filling(Provider(trimmed), #"{"domain":"\#(dots)"}"#)
            #expect(throws: RequestTemplate.Misfit.path) {
                try RequestTemplateTests.request(Provider(trimmed), filling)
            }
        }
    }

    @Test(
        "Whatever a record says, it stays a value: host, path, headers and body keep their shape",
        arguments: Seed.some(200))
    func hostile(seed: Seed) throws {
        var random = seed.generator
        let text = ManifestTests.good.replacingOccurrences(
            of: #"{"domain": ["domain"], "name": ["squeeze", "lower"]}"#, with: #"{"domain": [], "name": []}"#
        )
        let provider = Provider(try ManifestTests.read(text))
        let pieces = [
            "/", "..", ".", "%2e%2e", "?", "#", "&", "=", "@", ":", "\\", "\r\n", "\0", "\"", "'", "{key}",
            "{secret}", "{{", "é",
            "漢", "\u{202E}", "https://evil.example", "X-Evil: 1", "}", "\t", " ", "a", "<script>", "\u{7F}",
            "%00", "\u{2028}",
        ]
        func value() -> String {
            (0..<Int.random(in: 1...8, using: &random)).map { _ in pieces.randomElement(using: &random) ?? ""
            }.joined()
        }
        let (domain, name) = (value(), value())
        let record = try JSON.parse(
            JSONWriter.object { writer in
                writer.key("domain")
                writer.string(domain)
                writer.key("name")
                writer.string(name)
            })
        let input = try provider.input(from: record).get()
        let filling = Filling(inputs: input.values, key: "the-key", secret: "the-secret")
        let request: HTTPRequest
        do throws(RequestTemplate.Misfit) {
            request = try provider.manifest.request.request(filling, timeoutMs: 1000, idempotencyKey: "once")
        } catch {
            // Dots alone would go up in the path.
            #expect(error == .path && [".", ".."].contains(domain), "\(error) \(domain.debugDescription)")
            return
        }
        #expect(
            request.url.host == "api.acme.example" && request.url.origin == "https://api.acme.example:443")
        let components = try #require(URLComponents(string: request.target))
        let path = components.percentEncodedPath.split(separator: "/", omittingEmptySubsequences: false)
        #expect(path.count == 4 && path[1] == "v1" && path[3] == "people", "\(request.target)")
        #expect(String(path[2]).removingPercentEncoding == domain)
        #expect(
            components.percentEncodedQuery?.split(separator: "&").count == 1 && components.fragment == nil)
        #expect(components.queryItems?.first?.value == "name is " + name)
        #expect(!request.target.contains("the-key") && !request.target.contains("the-secret"))
        #expect(
            Set(request.headers.fields.map(\.name)) == [
                "Accept", "X-Api-Key", "Idempotency-Key", "Content-Type",
            ])
        let body = try JSON.parse(request.body)
        #expect(body["who"]?["name"]?.string.map { Array($0.utf8) } == Array(name.utf8))
        #expect(body["secret"]?.string == "the-secret" && body.count == 3)
    }

    @Test(
        "The same question is the same bytes, however it is written; another question, request, provider or use of the answer is another hash"
    )
    func canonical() throws {
        let provider = Provider(try ManifestTests.read())
        func input(_ record: String, _ provider: Provider) throws -> LookupInput {
            try provider.input(from: try JSON.parse(record)).get()
        }
        let one = try input(
            #"{"name":"Ada  LOVELACE","domain":"HTTP://www.acme.example:80/","more":[1]}"#, provider)
        let same = try input(#"{"domain":"acme.example.","name":" ada lovelace","size":null}"#, provider)
        #expect(
            String(decoding: one.canonical, as: UTF8.self)
                == #"{"domain":"acme.example","name":"ada lovelace"}"#)
        #expect(one.canonical == same.canonical && one.hash == same.hash && one.hash.count == 32)
        #expect(try input(#"{"domain":"acme.example","name":"ada"}"#, provider).hash != one.hash)
        let record = #"{"name":"ada lovelace","domain":"acme.example"}"#
        for (old, new) in [
            (#""slug": "acme""#, #""slug": "acme2""#), ("/v1/{domain}", "/v2/{domain}"),
            // What was not looked for in an answer is not known to be missing.
            (#""size": {"from""#, #""staff": {"from""#), ("/data/email", "/data/mail"),
            (#""answer": {"type": "object"}"#, #""answer": {}"#), ("[404]", "[404, 410]"),
            (#""errorAt": "/error""#, #""errorAt": "/fault""#),
        ] {
            let other = Provider(
                try ManifestTests.read(ManifestTests.good.replacingOccurrences(of: old, with: new)))
            #expect(try input(record, other).hash != one.hash)
        }
        // What is charged says nothing about the question.
        let dearer = Provider(
            try ManifestTests.read(
                ManifestTests.good.replacingOccurrences(of: #""platform": 3"#, with: #""platform": 4"#)))
        #expect(try input(record, dearer).hash == one.hash)
    }

    @Test("A record that lacks something is told what; values are not repeated")
    func lacking() throws {
        let provider = Provider(try ManifestTests.read())
        for (record, reason) in [
            ("{}", "/domain"), (#"{"domain":null}"#, "/domain"), (#"{"domain":"  "}"#, "/domain"),
            (#"{"domain":["canary"]}"#, "/domain"), (#"{"domain":"a.example","size":"canary"}"#, "/size"),
            (#"{"domain":"\#(String(repeating: "canary", count: 1000))"}"#, "/domain"), ("[]", "/domain"),
        ] {
            guard case .failure(let lack) = provider.input(from: try JSON.parse(record)) else {
                Issue.record("\(record) is enough")
                continue
            }
            #expect(lack.reasons.contains { $0.hasPrefix(reason) }, "\(record.prefix(80)): \(lack.reasons)")
            #expect(!"\(lack)".contains("canary"))
        }
    }
}

extension HTTPRequest {
    fileprivate var target: String { url.text }
    fileprivate func header(_ name: String) -> String? { headers[name] }
    fileprivate var text: String { String(decoding: body, as: UTF8.self) }
}
