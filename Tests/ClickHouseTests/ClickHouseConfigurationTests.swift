import Testing

@testable import ClickHouse

@Suite("The URL of ClickHouse")
struct ClickHouseConfigurationTests {
    @Test("It names origin, database and user")
    func parts() throws {
        let whole = try #require(
            ClickHouseConfiguration(url: "https://rp%40cd:p%3Aa%2Fs%20s:1@Example.org:9440/my%20db"))
        #expect(whole.origin == "https://example.org:9440" && whole.database == "my db")
        #expect(whole.user == "rp@cd" && whole.password == "p:a/s s:1")
        let short = try #require(ClickHouseConfiguration(url: "http://[::1]"))
        #expect(short.origin == "http://[::1]:8123" && short.database == "default")
        #expect(short.user == nil && short.password == nil && short.headers.isEmpty)
        #expect(ClickHouseConfiguration(url: "https://ch.internal/a")?.origin == "https://ch.internal:8443")
        #expect(ClickHouseConfiguration(url: "http://[::1]:81/")?.origin == "http://[::1]:81")
        #expect(ClickHouseConfiguration(url: "http://only@h/")?.password == nil)
    }

    @Test(
        "What is no such URL is refused",
        arguments: [
            "", "clickhouse://h/d", "http://", "http://:81/d", "http://h:0/d", "http://h:99999/d",
            "http://h/a/b",
            "http://h/d?user=x", "http://h/d#x", "http://@h/d", "http://:p@h/d", "http://u:%zz@h/d",
            "http://u:%0a@h/d", "http://u:p@h/%00", "http://h h/d", "http://u:%ff@h/d", "postgres://h/d",
        ])
    func refused(url: String) { #expect(ClickHouseConfiguration(url: url) == nil) }

    @Test("No way of printing it shows who asks")
    func secret() throws {
        let configuration = try #require(ClickHouseConfiguration(url: "http://somebody:s3cret@h:81/d"))
        var dumped = ""
        dump(configuration, to: &dumped)
        for text in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!text.contains("s3cret") && !text.contains("somebody"))
        }
        #expect("\(configuration)" == "http://h:81/d")
    }
}
