import Foundation
import JSON
import Resilience
import TestSupport
import Testing

@testable import Services

@Suite("Reports") struct AnalyticsTests {
    @Test("They say what the results and the ledger say, by time and by name")
    func reports() async throws {
        let reporting = try await Reporting()
        defer { reporting.close() }
        var random = SplitMix64(seed: 7)
        try reporting.finishJob(&random, records: 40)
        for amount in [5, 7, 11] { try await reporting.spend(amount) }
        try await reporting.arrive()
        let whole = #""from":"2020-01-01T00:00:00Z","to":"2020-12-01T00:00:00Z""#
        let none = try await reporting.call("analytics.enrichment", whole + #","groupBy":"week""#)
        #expect(none["total"]?["results"]?.int64 == 0)
        #expect((none["groups"]?.count ?? 0) == 49, "weeks begin on Monday, the first in 2019")
        let told = reporting.owner.run(
            "SELECT provider, count(*), count(*) FILTER (WHERE status = 'found'), sum(cost) FROM job_tasks GROUP BY 1 ORDER BY 2 DESC, 1"
        )
        let byProvider = try await reporting.call("analytics.enrichment", #""groupBy":"provider""#)
        let groups = byProvider["groups"].map { Array($0.elements) } ?? []
        #expect(
            groups.map {
                [$0["name"]?.string, $0["results"]?.source, $0["found"]?.source, $0["credits"]?.source]
            }
                == told.rows)
        for zone in ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"] {
            for unit in ["hour", "day", "week"] {
                let report = try await reporting.call(
                    "analytics.enrichment", #""groupBy":"\#(unit)","timeZone":"\#(zone)""#)
                let expected = reporting.owner.run(
                    """
                    SELECT to_char(b AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), count(*), sum(cost)
                    FROM (SELECT date_trunc('\(unit)', finished_at, '\(zone)') AS b, cost FROM job_tasks) t GROUP BY b ORDER BY b
                    """)
                let filled = (report["groups"].map { Array($0.elements) } ?? []).filter {
                    $0["results"]?.int64 != 0
                }
                #expect(
                    filled.map { [$0["start"]?.string, $0["results"]?.source, $0["credits"]?.source] }
                        == expected.rows, "\(zone) \(unit)")
            }
        }
        let credits = try await reporting.call("analytics.credits", #""groupBy":"source""#)
        #expect(credits["total"]?["spent"]?.int64 == 23)
        #expect(credits["total"]?["added"]?.int64 == 1000)
        let funnel = try await reporting.call("analytics.funnel")
        #expect(funnel["records"]?.int64 == 40)
        #expect(funnel["fields"]?.int64 == 80)
        let paid = Int64(reporting.value("SELECT count(*) FROM job_tasks WHERE status = 'found'")) ?? 0
        #expect(funnel["paid"]?.int64 == paid)
        #expect(funnel["credits"]?.int64 == 3 * paid)
        let providers = try await reporting.call("analytics.providers")
        let calls = (providers["providers"].map { Array($0.elements) } ?? []).reduce(0) {
            $0 + ($1["calls"]?.int64 ?? 0)
        }
        #expect(String(calls) == reporting.value("SELECT count(calls) FROM job_tasks"))
    }

    @Test("A day on which clocks are set back has twenty-five hours")
    func daylightSaving() async throws {
        let reporting = try await Reporting()
        defer { reporting.close() }
        let range = #""from":"2026-10-24T22:00:00Z","to":"2026-10-25T23:00:00Z","timeZone":"Europe/Berlin""#
        let days = try await reporting.call("analytics.enrichment", range + #","groupBy":"day""#)
        #expect(days["groups"]?.elements.map { $0["start"]?.string } == ["2026-10-24T22:00:00.000Z"])
        let hours = try await reporting.call("analytics.enrichment", range + #","groupBy":"hour""#)
        #expect(hours["groups"]?.count == 25)
    }

    @Test(
        "A day whose midnight comes twice begins with the first",
        arguments: [
            ("America/Havana", "2026-11-01T04:00:00.000Z", "2026-11-02T05:00:00.000Z"),
            ("Atlantic/Azores", "2026-10-25T00:00:00.000Z", "2026-10-26T01:00:00.000Z"),
            ("America/Havana", "2026-03-08T05:00:00.000Z", "2026-03-09T04:00:00.000Z"),
        ])
    func midnights(zone: String, first: String, second: String) async throws {
        let reporting = try await Reporting()
        defer { reporting.close() }
        for unit in ["day", "hour"] {
            let report = try await reporting.call(
                "analytics.credits",
                #""from":"\#(first)","to":"\#(second)","timeZone":"\#(zone)","groupBy":"\#(unit)""#)
            let starts = report["groups"]?.elements.compactMap { $0["start"]?.string } ?? []
            #expect(starts.first == first, "\(unit)")
            #expect(unit == "hour" || starts.count == 1, "\(starts)")
        }
    }

    @Test("What makes no sense is named")
    func refusals() async throws {
        let reporting = try await Reporting()
        defer { reporting.close() }
        for (params, path) in [
            (#""range":"30d","from":"2026-01-01T00:00:00Z""#, "range"),
            (#""timeZone":"Mars/Olympus""#, "timeZone"), (#""timeZone":"+05:30""#, "timeZone"),
            (#""timeZone":"UTC+3""#, "timeZone"), (#""timeZone":"right/Europe/Berlin""#, "timeZone"),
            (#""from":"2026-01-02T00:00:00Z","to":"2026-01-01T00:00:00Z""#, "from"),
            (#""from":"2000-01-02T00:00:00Z","to":"2026-01-01T00:00:00Z""#, "from"),
            (#""from":"2025-01-02T00:00:00Z","to":"2026-01-01T00:00:00Z","groupBy":"hour""#, "groupBy"),
            (#""groupBy":"source""#, "groupBy"), (#""range":"1y""#, "range"),
        ] {
            let answer = try await reporting.connection.call(
                "analytics.enrichment", #"{"workspaceId":"\#(reporting.workspace)",\#(params)}"#)
            let fields = answer["error"]?["data"]?["error"]?["details"]?["fields"]
            #expect(fields?[0]?["path"]?.string == path, "\(params): \(answer.source)")
        }
    }

    @Test("An export has every row, in the order of time")
    func export() async throws {
        let reporting = try await Reporting()
        defer { reporting.close() }
        var random = SplitMix64(seed: 8)
        try reporting.finishJob(&random, records: 1100)
        try await reporting.arrive()
        _ = reporting.connection.takeProgress()
        let end = try await reporting.call("analytics.export", #""dataset":"enrichment""#)
        #expect(end["rows"]?.int64 == 2200)
        var text = ""
        for value in reporting.connection.takeProgress() {
            text += try JSON.parse(value)["chunk"]?.string ?? ""
        }
        #expect(Int64(text.utf8.count) == end["bytes"]?.int64)
        let lines = text.components(separatedBy: "\r\n").filter { !$0.isEmpty }
        #expect(lines.count == 2201)
        let moments = lines.dropFirst().map { $0.prefix(24) }
        #expect(moments == moments.sorted())
    }
}
