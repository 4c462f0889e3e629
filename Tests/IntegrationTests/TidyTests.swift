import Foundation
import TestSupport
import Testing

/// Reads the sources and rejects bad habits.
@Suite("The sources")
struct TidyTests {
    private static let imports: [String: Set<String>] = [
        "Identifiers": [], "JSON": [], "Resilience": [], "Systemd": ["CSystemd"], "Tabular": ["JSON"],
        "JSONSchema": ["CPCRE2", "JSON"],
        "Cryptography": ["COpenSSL", "CArgon2", "JSON"],
        "Postgres": ["CPostgres", "Identifiers", "Resilience"],
        "Redis": ["Resilience"],
        "RPC": ["JSON", "Identifiers", "Resilience"], "Transports": ["RPC", "JSON", "Resilience"],
        "Egress": ["CCurl", "Resilience"],
        "ClickHouse": ["CZlib", "Egress", "Identifiers", "JSON", "Resilience"],
        "AnalyticsStores": ["ClickHouse", "Postgres", "JSON", "Identifiers", "Resilience"],
        "Services": [
            "AnalyticsStores", "RPC", "JSON", "Identifiers", "Postgres", "Cryptography", "Resilience", "Mail",
            "Egress", "JSONSchema", "Redis",
        ],
        "rpcd-provider-sim": ["JSON", "Resilience"], "RPCDClient": ["JSON", "Resilience"],
    ]
    private static let own = Set(imports.keys).union([
        "CPostgres", "COpenSSL", "CArgon2", "CPCRE2", "CSystemd", "CRelease", "CCurl", "CZlib",
    ])

    private func sources(_ folder: String) throws -> [(path: String, text: String)] {
        let root = Project.root + "/" + folder
        let paths = try #require(FileManager.default.enumerator(atPath: root)).compactMap { $0 as? String }
        return try paths.filter { $0.hasSuffix(".swift") }.map {
            ($0, try String(contentsOfFile: root + "/" + $0, encoding: .utf8))
        }
    }

    @Test("Imports point downwards only")
    func direction() throws {
        for (path, text) in try sources("Sources") {
            let target = String(path.prefix { $0 != "/" })
            guard let allowed = TidyTests.imports[target] else { continue }
            for line in text.split(separator: "\n") where line.hasPrefix("import ") {
                let module = String(line.dropFirst("import ".count))
                #expect(!TidyTests.own.contains(module) || allowed.contains(module), "\(path): \(line)")
                #expect(module != "Foundation", "\(path)")
            }
        }
    }

    @Test("Nothing that input could trip over, no leftovers, no file beyond what fits a head")
    func habits() throws {
        let banned = [
            "try!", "as!", "fatalError(", "preconditionFailure(", "TODO", "FIXME", "XXX", "NSLock", "usleep(",
            "sleep(1",
        ]
        for (path, text) in try sources("Sources") {
            for word in banned { #expect(!text.contains(word), "\(path): \(word)") }
            let isGenerated = text.hasPrefix("// Written by scripts/generate-clients")
            #expect(
                isGenerated || text.split(separator: "\n", omittingEmptySubsequences: false).count <= 400,
                "\(path) is long")
            // A proof stands before what the compiler cannot check.
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            for (number, line) in lines.enumerated()
            where line.contains("@unchecked Sendable {") || line.contains("nonisolated(unsafe)") {
                #expect(lines[max(0, number - 8)..<number].contains { $0.contains("//") }, "\(path): \(line)")
            }
        }
    }

    @Test(
        "The program starts without the libraries of databases and services, which a call to the daemon does without"
    )
    func libraries() async throws {
        let told = try await ServedProcess.run("/usr/bin/ldd", [ServedProcess.programs + "/rpcd"])
        #expect(told.status == 0 && told.output.contains("libcrypto.so"))
        #expect(!told.output.contains("libpq.so") && !told.output.contains("libcurl.so"), "\(told.output)")
    }

    @Test("SQL stands in stores and in the parts of the database library, as literals")
    func sql() throws {
        for (path, text) in try sources("Sources/Services") where !path.hasSuffix("Store.swift") {
            let words = ["INSERT INTO", "UPDATE ", "DELETE FROM"]
            for word in words { #expect(!text.contains(word), "\(path): \(word)") }
        }
    }

    @Test("The generated pages of the documentation are what the declarations say: run scripts/docs")
    func reference() async throws {
        let pages = ["methods", "errors", "settings", "doctor"].map { ($0, "docs/\($0).md") }
        for (topic, path) in pages + [("catalog", "systemd/rpcd.catalog")] {
            let page = try String(contentsOfFile: Project.root + "/" + path, encoding: .utf8)
            let result = try await ServedProcess.run("rpcd", ["reference", topic])
            #expect(page == result.output, "\(path)")
        }
    }
}
