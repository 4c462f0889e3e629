import Identifiers
import JSON
import Postgres
import RPC
import TestSupport
import Testing

@testable import Services

@Suite("What records take of what was found for them")
struct JobEnrichmentTests {
    private static let job = UUID.random()

    private static func enrichment(
        _ fields: String, sources: String = "{}", _ limits: Limits = Limits()
    ) throws -> Enrichment {
        try Enrichment(
            Enrichment.Row(id: .random(), fields: JSONText(fields), sources: JSONText(sources)), limits)
    }

    private static func result(
        _ value: String, _ status: TaskStatus = .found, provider: String = "p", at: Timestamp? = nil
    ) -> TaskOutcome.Result {
        TaskOutcome.Result(
            status: status, value: JSONText(value), provider: provider, confidence: 0.9,
            cost: status == .found ? 3 : 0, answeredAt: at)
    }

    private static func take(
        _ enrichment: inout Enrichment, _ name: String, _ result: TaskOutcome.Result
    ) throws -> String? {
        try enrichment.take(
            name, result, of: job, asked: enrichment.there, reading: [], now: Timestamp(seconds: 1_000_000))
    }

    @Test("What was paid for says so; a cached answer says that it is one, and when the provider gave it")
    func sources() throws {
        var enrichment = try JobEnrichmentTests.enrichment("{}")
        #expect(try JobEnrichmentTests.take(&enrichment, "a", JobEnrichmentTests.result("1")) == nil)
        let earlier = Timestamp(seconds: 500_000)
        let cached = JobEnrichmentTests.result("\"x\"", .cached, at: earlier)
        #expect(try JobEnrichmentTests.take(&enrichment, "b", cached) == nil)
        #expect(enrichment.fields.text == #"{"a":1,"b":"x"}"#)
        let sources = try JSON.parse(enrichment.sources.text)
        #expect(sources["a"]?["at"]?.string == Timestamp(seconds: 1_000_000).description)
        #expect(sources["a"]?["cost"]?.int64 == 3 && sources["a"]?["cached"]?.bool == false)
        #expect(sources["b"]?["at"]?.string == earlier.description)
        #expect(sources["b"]?["cost"]?.int64 == 0 && sources["b"]?["cached"]?.bool == true)
    }

    @Test("An answer about what the record was is not written over what somebody has made of it since")
    func changed() throws {
        let asked = try JSON.parse(#"{"name":"Old","email":"a","phone":"1"}"#)
        func refusal(_ now: String, sources: String = "{}", reading: [String] = ["name"]) throws -> String? {
            var enrichment = try JobEnrichmentTests.enrichment(now, sources: sources)
            return try enrichment.take(
                "email", JobEnrichmentTests.result("\"b\""), of: JobEnrichmentTests.job, asked: asked,
                reading: reading, now: Timestamp(seconds: 1))
        }
        #expect(try refusal(#"{"name":"Old","email":"a","phone":"1"}"#) == nil)
        #expect(try refusal(#"{"name":"Old","email":"a","phone":"2"}"#) == nil, "nobody has read that")
        #expect(try refusal(#"{"name":"New","email":"a","phone":"1"}"#) != nil)
        #expect(try refusal(#"{"email":"a","phone":"1"}"#) != nil)
        #expect(try refusal(#"{"name":"New","email":"a"}"#, reading: []) == nil)
        #expect(try refusal(#"{"name":"Old","email":"typed","phone":"1"}"#) != nil)
        let source = #"{"email": {"provider": "q"}}"#
        #expect(try refusal(#"{"name":"Old","email":"c","phone":"1"}"#, sources: source) == nil)
    }

    @Test("A cached value that is there already from the same provider changes nothing; any other does")
    func unchanged() throws {
        let there = #"{"a": "\u00e9"}"#
        let sources = #"{"a": {"provider": "p", "at": "x", "jobId": "y", "cost": 3}}"#
        func isNews(_ result: TaskOutcome.Result) throws -> Bool {
            var enrichment = try JobEnrichmentTests.enrichment(there, sources: sources)
            #expect(try JobEnrichmentTests.take(&enrichment, "a", result) == nil)
            return enrichment.isNews
        }
        #expect(try !isNews(JobEnrichmentTests.result("\"é\"", .cached)))
        #expect(try isNews(JobEnrichmentTests.result("\"é\"", .cached, provider: "q")))
        #expect(try isNews(JobEnrichmentTests.result("\"e\"", .cached)))
        #expect(try isNews(JobEnrichmentTests.result("\"é\"", .found)))
    }

    @Test("What a record cannot hold stays out of it, with the reason; what is smaller than before goes in")
    func bounds() throws {
        var limits = Limits()
        (limits.recordFields, limits.recordBytes) = (3, 1024)
        var enrichment = try JobEnrichmentTests.enrichment(#"{"a": 1, "b": 2}"#, limits)
        for value in ["[1]", "{}", "null", "\"\(String(repeating: "x", count: 4097))\""] {
            let reason = try JobEnrichmentTests.take(&enrichment, "c", JobEnrichmentTests.result(value))
            #expect(reason?.hasPrefix("It is not in the record, where a value has to") == true)
        }
        let long = "\"\(String(repeating: "x", count: 990))\""
        let tooLong = "\"\(String(repeating: "x", count: 1010))\""
        let refused = try JobEnrichmentTests.take(&enrichment, "c", JobEnrichmentTests.result(tooLong))
        #expect(refused?.contains("3 fields or 1024 bytes") == true)
        #expect(!enrichment.isNews)
        #expect(try JobEnrichmentTests.take(&enrichment, "c", JobEnrichmentTests.result(long)) == nil)
        #expect(try JobEnrichmentTests.take(&enrichment, "d", JobEnrichmentTests.result("1")) != nil)
        #expect(try JobEnrichmentTests.take(&enrichment, "a", JobEnrichmentTests.result("7")) == nil)
        #expect(try JSON.parse(enrichment.fields.text).count == 2)
        // One that is too large already may become smaller.
        var full = try JobEnrichmentTests.enrichment(#"{"a": \#(tooLong), "b": 1}"#, limits)
        #expect(try JobEnrichmentTests.take(&full, "a", JobEnrichmentTests.result(long)) == nil)
        #expect(try JobEnrichmentTests.take(&full, "b", JobEnrichmentTests.result("12345")) == nil)
    }

    @Test(
        "A job whose answers are all from before leaves records as they are; one that fills a record says when the answer was given"
    )
    func again() async throws {
        try await Simulation.run { simulation in
            let stage = try await JobStage(simulation, [simulation.provider("steady")])
            let params = JobStage.people(0..<5) + "," + JobStage.fields(["email"], ["steady"])
            let first = try await stage.run(stage.create(params))
            stage.console.run("UPDATE lookups SET answered_at = answered_at - interval '10 minutes'")
            let state =
                "SELECT external_id, fields, sources, version, updated_at FROM records ORDER BY external_id"
            let before = stage.console.run(state).rows
            let second = try await stage.run(stage.create(params))
            #expect(second["counts"]?["cached"]?.int64 == 5)
            #expect(stage.console.run(state).rows == before, "nothing is bumped")
            let paid = stage.console.run(
                "SELECT count(*) FROM records WHERE sources -> 'email' ->> 'jobId' = $1 AND sources -> 'email' ->> 'cost' = '2'",
                [first["id"]?.string])
            #expect(paid.rows == [["5"]])
            // The same people under other names.
            let others = JobStage.people(0..<5).replacing(#""externalId":"p"#, with: #""externalId":"q"#)
            let third = try await stage.run(
                stage.create(others + "," + JobStage.fields(["email"], ["steady"])))
            let filled = stage.console.run(
                """
                SELECT count(*) FROM records r, lookups l WHERE r.external_id LIKE 'q%' AND r.fields ->> 'email' = l.answer -> 0 ->> 'value'
                    AND abs(extract(epoch FROM (r.sources -> 'email' ->> 'at')::timestamptz - l.answered_at)) < 0.01 AND (r.sources -> 'email' -> 'cached')::boolean
                    AND r.sources -> 'email' ->> 'cost' = '0' AND r.sources -> 'email' ->> 'jobId' = $1
                """, [third["id"]?.string])
            #expect(filled.rows == [["5"]], "\(stage.console.run(state).rows)")
        }
    }

    @Test(
        "A record that is full keeps to its bounds: what was found is in the results alone, and the record can be written again"
    )
    func full() async throws {
        try await Simulation.run { simulation in
            let stage = try await JobStage(simulation, [simulation.provider("steady")])
            let filler = (0..<98).map { #""f\#($0)":\#($0)"# }.joined(separator: ",")
            let record =
                #""records":[{"externalId":"p","fields":{"name":"Ada","domain":"acme.example",\#(filler)}}]"#
            let job = try await stage.run(
                stage.create(record + "," + JobStage.fields(["email"], ["steady"])))
            #expect(job["counts"]?["found"]?.int64 == 1 && job["spentCredits"]?.int64 == 2)
            let result = try #require(try await stage.results(job).first)
            #expect(result["status"]?.string == "found" && result["value"]?.string != nil)
            #expect(result["error"]?.string?.contains("more than 100 fields") == true)
            let row = stage.console.run(
                "SELECT (SELECT count(*) FROM jsonb_object_keys(fields)), sources, version FROM records"
            ).rows
            #expect(row == [["100", "{}", "1"]])
            let written = try await stage.result(
                "records.bulkUpsert", #""records":[{"externalId":"p","fields":{"f0":1}}]"#)
            #expect(written["updated"]?.int64 == 1)
        }
    }
}
