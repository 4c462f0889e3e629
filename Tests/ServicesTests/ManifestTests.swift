import Foundation
import JSON
import TestSupport
import Testing

@testable import Services

@Suite("Manifests of providers")
struct ManifestTests {
    static let good = #"""
        {
          "slug": "acme", "name": "Acme", "documentation": "https://acme.example/docs", "verified": false,
          "cost": {"platform": 3, "own": 1},
          "input": {
            "schema": {
              "type": "object",
              "properties": {"domain": {"type": "string"}, "size": {"type": "integer"}, "name": {"type": "string"}},
              "required": ["domain"]
            },
            "normalise": {"domain": ["domain"], "name": ["squeeze", "lower"]}
          },
          "request": {
            "method": "POST", "url": "https://api.acme.example/v1/{domain}/people",
            "query": {"q": "name is {name}"},
            "headers": {"X-Api-Key": "{key}", "X-Size": "{size}"},
            "body": {"who": {"name": "{name}", "size": "{size}", "tags": ["{domain}", "{{x}}"]}, "limit": 1, "secret": "{secret}"},
            "idempotencyHeader": "Idempotency-Key"
          },
          "answer": {"type": "object"}, "errorAt": "/error",
          "notFound": {"statuses": [404], "emptyAt": ["/data"]},
          "fields": {
            "email": {
              "from": "/data/email", "schema": {"type": "string", "format": "email"}, "transform": ["trim", "lower"],
              "confidence": {"from": "/data/score", "scale": 100, "otherwise": 0.5}
            },
            "size": {"from": "/data/size", "schema": {"type": "integer"}, "confidence": 0.75}
          },
          "rate": {"limit": "10/s", "concurrency": 4}, "timeoutMs": 5000
        }
        """#

    static func read(_ text: String = good) throws -> Manifest { try Manifest(Array(text.utf8)) }

    static func problems(_ text: String) -> [ManifestProblem] {
        do throws(ManifestProblems) {
            _ = try Manifest(Array(text.utf8))
            return []
        } catch {
            return error.problems
        }
    }

    @Test("What a manifest says is what the provider is")
    func contents() throws {
        let provider = Provider(try ManifestTests.read())
        #expect(provider.slug == "acme" && provider.fields == ["email", "size"] && !provider.isVerified)
        #expect(provider.cost(.platform) == 3 && provider.cost(.own) == 1)
        #expect(try JSON.parse(provider.inputSchema)["required"]?[0]?.string == "domain")
        #expect(try JSON.parse(provider.outputSchema)["properties"]?["size"]?["type"]?.string == "integer")
        #expect(provider.manifest.request.isRepeatable && provider.manifest.request.needsSecret)
        #expect(provider.manifest.retryableStatuses.contains(503))
    }

    @Test(
        "Every manifest that is shipped is one, real services say that they were not tried, and the schema is the shipped one"
    )
    func shipped() throws {
        let folder = ManifestFolder(Backend.root + "/providers")
        let providers = try folder.providers()
        #expect(providers.count >= 10)
        for provider in providers.values {
            #expect(provider.isVerified == provider.slug.hasPrefix("sim-"), "\(provider.slug)")
        }
        #expect(providers.values.filter { !$0.isVerified }.count >= 3)
        let schema = try String(
            contentsOfFile: folder.path + "/manifest.schema.json", encoding: .utf8)
        #expect(schema == Manifest.schemaText, "scripts/docs writes it")
    }

    @Test(
        "Each thing that is wrong is told with its place",
        arguments: [
            // What the schema says.
            (#""slug": "acme""#, #""slug": "Acme""#, "/slug"),
            (#""verified": false,"#, "", "/verified"),
            (#""platform": 3"#, #""platform": -1"#, "/cost/platform"),
            (#""method": "POST""#, #""method": "DELETE""#, "/request/method"),
            (#""timeoutMs": 5000"#, #""timeoutMs": 5"#, "/timeoutMs"),
            (#""timeoutMs": 5000"#, #""timeoutMs": 5000, "colour": 1"#, "/colour"),
            (#"["domain"], "name""#, #"["shout"], "name""#, "/input/normalise/domain/0"),
            (#""confidence": 0.75"#, #""confidence": 1.5"#, "/fields/size/confidence"),
            (#""statuses": [404]"#, #""statuses": [200]"#, "/notFound/statuses/0"),
            // What no schema can.
            (#""slug": "acme","#, #""slug": "acme", "slug": "acme","#, "/slug"),
            (
                #""documentation": "https://acme.example/docs""#, #""documentation": "https://a b/""#,
                "/documentation"
            ),
            (
                #""domain": {"type": "string"}"#, #""domain": {"type": "text"}"#,
                "/input/schema/properties/domain/type"
            ),
            (
                #""name": {"type": "string"}}"#, #""name": {"type": "string"}, "key": {}}"#,
                "/input/schema/properties/key"
            ),
            (
                #""name": {"type": "string"}}"#, #""name": {"type": "string"}, "unused": {}}"#,
                "/input/schema/properties/unused"
            ),
            (#""required": ["domain"]"#, #""required": ["domain", "other"]"#, "/input/schema/required/1"),
            (#"{"domain": ["domain"], "name""#, #"{"other": ["trim"], "name""#, "/input/normalise/other"),
            ("https://api.acme.example/v1", "https://{domain}.example/v1", "/request/url"),
            ("https://api.acme.example/v1", "https://api.acme.example/{key}", "/request/url"),
            ("https://api.acme.example/v1", "https://me:pw@api.acme.example/v1", "/request/url"),
            ("https://api.acme.example/v1", "ftp://api.acme.example/v1", "/request/url"),
            ("{domain}/people", "{domain}/people?x=1", "/request/url"),
            ("{domain}/people", "{name}/people", "/request/url"),
            ("{domain}/people", "{other}/people", "/request/url"),
            ("name is {name}", "name is {nome}", "/request/query/q"),
            ("name is {name}", "name is {name", "/request/query/q"),
            ("name is {name}", "name is name}", "/request/query/q"),
            ("name is {name}", "name is {na me}", "/request/query/q"),
            (#""X-Size""#, #""X Size""#, "/request/headers/X Size"),
            (#""X-Size""#, #""Host""#, "/request/headers/Host"),
            (#""X-Size""#, #""x-api-key""#, "/request/headers/x-api-key"),
            (#""X-Size""#, #""Content-Type""#, "/request/headers/Content-Type"),
            (#""X-Api-Key": "{key}""#, #""X-Api-Key": "key""#, "/request"),
            (#""Idempotency-Key""#, #""X-Api-Key""#, "/request/headers/X-Api-Key"),
            (#""method": "POST""#, #""method": "GET""#, "/request/body"),
            (#"["{domain}", "{{x}}"]"#, #"["{domain}", "{x}"]"#, "/request/body/who/tags/1"),
            (#""answer": {"type": "object"}"#, ##""answer": {"$ref": "#/$defs/x"}"##, "/answer/$ref"),
            (#""errorAt": "/error""#, #""errorAt": "error""#, "/errorAt"),
            (#""emptyAt": ["/data"]"#, #""emptyAt": ["/da~ta"]"#, "/notFound/emptyAt/0"),
            (#""from": "/data/size""#, #""from": "data.size""#, "/fields/size/from"),
            (#""from": "/data/score""#, #""from": "score""#, "/fields/email/confidence/from"),
            (
                #"{"type": "integer"}, "confidence": 0.75"#, #"{"minimum": "a"}, "confidence": 0.75"#,
                "/fields/size/schema/minimum"
            ),
            (#""limit": "10/s""#, #""limit": "10 a second""#, "/rate/limit"),
            (#""timeoutMs": 5000"#, #""timeoutMs": 5000, "retryableStatuses": [404]"#, "/retryableStatuses"),
        ])
    func bad(old: String, new: String, pointer: String) throws {
        try #require(ManifestTests.good.contains(old), "\(old)")
        let problems = ManifestTests.problems(ManifestTests.good.replacingOccurrences(of: old, with: new))
        #expect(problems.contains { $0.pointer == pointer }, "\(problems)")
    }

    @Test("All that is wrong is told at once, and what is no JSON or too long in one sentence")
    func together() throws {
        var text = ManifestTests.good
        for (old, new) in [
            (#""slug": "acme""#, #""slug": 5"#), ("name is {name}", "{nome}"),
            (#""limit": "10/s""#, #""limit": "x""#),
            (#""errorAt": "/error""#, #""errorAt": "error""#),
        ] { text = text.replacingOccurrences(of: old, with: new) }
        let pointers = Set(ManifestTests.problems(text).map(\.pointer))
        #expect(pointers.isSuperset(of: ["/slug", "/request/query/q", "/rate/limit", "/errorAt"]))
        #expect(ManifestTests.problems("{").map(\.pointer) == [""])
        #expect(ManifestTests.problems("[]").contains { $0.pointer.isEmpty })
        #expect(
            ManifestTests.problems(String(repeating: " ", count: Manifest.maximumBytes + 1)).map(\.pointer)
                == [""])
    }

    @Test(
        "Whatever becomes of a manifest's text, it is read or refused, and what is read can be asked with",
        arguments: Seed.some(200))
    func mangled(seed: Seed) throws {
        var random = seed.generator
        var bytes = Array(ManifestTests.good.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            default:
                bytes.insert(
                    contentsOf: Array(#"{}[]",:/"#.utf8).shuffled(using: &random).prefix(2), at: place)
            }
        }
        do throws(ManifestProblems) {
            let provider = Provider(try Manifest(bytes))
            if let record = try? JSON.parse(#"{"domain":"a.example","name":"x"}"#) {
                _ = provider.input(from: record)
            }
        } catch {
            #expect(!error.problems.isEmpty)
        }
    }

    @Test(
        "A file is called as its provider; a folder with one bad file keeps the providers as they were, and tells it once"
    )
    func reload() async throws {
        try await withTemporaryFolder { folder in
            func write(_ name: String, _ text: String) throws {
                try text.write(toFile: folder + "/" + name, atomically: true, encoding: .utf8)
            }
            try write("acme.json", ManifestTests.good)
            try write("manifest.schema.json", "not a manifest")
            let catalog = try ProviderCatalog(ManifestFolder(folder))
            let first = try #require(catalog.current["acme"])
            catalog.refresh()
            #expect(catalog.current["acme"] === first && catalog.takeNotices().isEmpty)

            try write(
                "acme.json",
                ManifestTests.good.replacingOccurrences(of: #""platform": 3"#, with: #""platform": 7"#))
            try write("other.json", ManifestTests.good)
            for _ in 0..<3 { catalog.refresh() }
            #expect(catalog.current["acme"]?.cost(.platform) == 3 && catalog.current.count == 1)
            let notices = catalog.takeNotices()
            #expect(notices.count == 1 && notices[0].description.contains("other.json: /slug"), "\(notices)")

            try write(
                "other.json",
                ManifestTests.good.replacingOccurrences(of: #""slug": "acme""#, with: #""slug": "other""#))
            catalog.refresh()
            #expect(catalog.current["acme"]?.cost(.platform) == 7 && catalog.current.keys.contains("other"))
            try FileManager.default.removeItem(atPath: folder + "/acme.json")
            catalog.refresh()
            #expect(catalog.current.keys.sorted() == ["other"])
            #expect(throws: ManifestFaults.self) { try ProviderCatalog(ManifestFolder(folder + "/nowhere")) }
        }
    }
}
