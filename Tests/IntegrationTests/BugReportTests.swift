import Foundation
import Glibc
import Postgres
import TestSupport
import Testing

@testable import rpcd

@Suite("rpcd bugreport")
struct BugReportTests {
    private func extract(_ archive: String, to folder: String) async throws -> [String: String] {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        let extracted = try await ServedProcess.run("/usr/bin/tar", ["xzf", archive, "-C", folder])
        #expect(extracted.status == 0, "\(extracted.errors)")
        let name = try #require(FileManager.default.contentsOfDirectory(atPath: folder).first)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder + "/" + name)
        return try Dictionary(
            uniqueKeysWithValues: files.map {
                ($0, try String(contentsOfFile: "\(folder)/\(name)/\($0)", encoding: .utf8))
            })
    }

    @Test("Of no secret setting and no key file anything is in it; it is its owner's alone")
    func canaries() async throws {
        try await withTemporaryFolder { folder in
            let conninfo = try TestCluster.shared.get().freshDatabase()
            var settings = try Served.settings(in: folder, conninfo: conninfo)
            let served = try await Served.start(in: folder, conninfo: conninfo)
            // Every setting that may hold a secret holds one; what names none in its form gets it in the form it has.
            var canaries: [String] = []
            func canary() -> String {
                canaries.append("canary-\(UUID().uuidString.lowercased())")
                return canaries[canaries.count - 1]
            }
            let daemon = TestCluster.daemon(conninfo)
            let forms: [String: (String) -> String] = [
                "RPCD_DATABASE_URL": { daemon + " password='\($0)'" },
                "RPCD_DATABASE_DIRECT_URL": { daemon + " password='\($0)'" },
                "RPCD_DATABASE_REPLICA_URL": { daemon + " password='\($0)'" },
                "RPCD_ANALYTICS_URL": { "host=/tmp/nobody-here password='\($0)'" },
                "RPCD_SMTP_URL": { "smtp://user:\($0)@127.0.0.1:1" },
                "RPCD_REDIS_URL": { "redis://:\($0)@127.0.0.1:1/0" },
            ]
            for declaration in Settings.declarations where declaration.isSecret {
                guard declaration.key != "RPCD_CLICKHOUSE_URL" else { continue }
                let form = forms[declaration.key] ?? { "https://user:\($0)@127.0.0.1:1/" }
                settings[declaration.key] = form(canary())
            }
            settings["RPCD_SMTP_PASSWORD"] = canary()
            settings["RPCD_TOKEN"] = canary()
            let token = canary()
            try token.write(toFile: folder + "/token", atomically: true, encoding: .utf8)
            chmod(folder + "/token", 0o600)
            settings["RPCD_OPERATOR_TOKEN_FILE"] = folder + "/token"
            settings["RPCD_ADMIN_LISTEN"] = "127.0.0.1:0"
            try FileManager.default.createDirectory(
                atPath: folder + "/keys", withIntermediateDirectories: false)
            try canary().write(toFile: folder + "/keys/provider-p", atomically: true, encoding: .utf8)
            settings["RPCD_PROVIDER_KEYS_DIR"] = folder + "/keys"
            canaries += ["5e", "a7"].map { String(repeating: $0, count: 32) }
            // Somebody's statement, with values in it.
            let literal = canary()
            let console = try SQLConsole(daemon)
            console.run("BEGIN")
            console.run("SELECT '\(literal)', $tag$\(literal)$tag$, 4711")

            let archive = folder + "/report.tar.gz"
            let report = try await ServedProcess.run(
                "rpcd", ["bugreport", archive, "--timeout", "2"], environment: settings)
            #expect(report.status == 0, "\(report.errors)")
            var status = stat()
            #expect(stat(archive, &status) == 0 && status.st_mode & 0o7777 == 0o600)
            let files = try await extract(archive, to: folder + "/out")
            #expect(files["doctor.txt"]?.contains("\(Doctor.checks.count) checks") == true)
            #expect(files["daemon-metrics.txt"]?.contains("rpcd_build_info") == true)
            #expect(files["database-migrations.txt"]?.contains("1\taccounts\tapplied") == true)
            #expect(files["database-tables.txt"]?.contains("ledger\t") == true)
            #expect(files["database-settings.txt"]?.contains("max_connections\t800") == true)
            #expect(
                files["database-activity.txt"]?.contains("SELECT ?, ?, ?") == true,
                "\(files["database-activity.txt"] ?? "")")
            #expect(files["host-system.txt"]?.contains("PRETTY_NAME") == true)
            for (name, text) in files {
                for canary in canaries {
                    #expect(!text.lowercased().contains(canary), "\(name)")
                    let base64 = Data(canary.utf8).base64EncodedString().dropLast(4)
                    #expect(!text.contains(base64), "\(name)")
                }
            }
            #expect(!report.output.contains("canary") && !report.errors.contains("canary"))
            let again = try await ServedProcess.run("rpcd", ["bugreport", archive], environment: settings)
            #expect(again.status == 1, "what is there is not written over")
            served.process.send(SIGTERM)
            #expect(await served.process.end() == 0)
        }
    }

    @Test("Where nothing works there is a report, which says so")
    func nothing() async throws {
        try await withTemporaryFolder { folder in
            let report = try await ServedProcess.run("rpcd", ["bugreport"], in: folder)
            #expect(report.status == 0, "\(report.errors)")
            let files = try await extract(
                folder + "/" + report.output.trimmingCharacters(in: .newlines), to: folder + "/out")
            #expect(
                files["database-tables.txt"]?.hasPrefix("not told: RPCD_DATABASE_URL: is missing") == true)
            #expect(files["daemon-version.json"]?.hasPrefix("not told: ") == true)
            #expect(files["doctor.txt"]?.contains("failure  configuration") == true)
        }
    }

    @Test("What a program of others has written of a secret is taken out, in each of its forms")
    func redaction() throws {
        let reading = Settings.read(["RPCD_SMTP_URL": #"smtp://u:p%2fss"w0rd@mail.example.org"#])
        let redaction = Redaction(reading, ["PGPASSWORD": "other-secret"])
        for text in [
            #"AUTH p%2fss"w0rd."#, #"{"a":"p%2fss\"w0rd."}"#, #"as p/ss"w0rd."#, "other-secret.",
        ] {
            let clean = String(decoding: redaction.applied(to: Array(text.utf8)), as: UTF8.self)
            #expect(clean.contains("***.") && !clean.contains("w0rd") && !clean.contains("other"), "\(clean)")
        }
    }

    @Test(
        "A statement keeps its shape and loses its values",
        arguments: [
            ("SELECT * FROM users WHERE email = 'ada@x'", "SELECT * FROM users WHERE email = ?"),
            ("SELECT 'it''s', 42, 3.5, $1, t1.c2", "SELECT ?, ?, ?, $1, t1.c2"),
            (
                "SELECT E'a\\'secret', $$secret$$, $q$a $$ secret$q$ -- secret\n FROM t",
                "SELECT E?, ?, ? FROM t"
            ),
            ("/* secret */ SELECT \"Secret\" FROM t WHERE a = 'never closed", " SELECT ? FROM t WHERE a = ?"),
        ])
    func shape(text: String, shape: String) {
        #expect(SQLShape.of(text) == shape)
    }
}
