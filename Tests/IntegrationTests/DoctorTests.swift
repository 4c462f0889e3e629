import Foundation
import Glibc
import Identifiers
import JSON
import Services
import TestSupport
import Testing

@testable import rpcd

@Suite("rpcd doctor")
struct DoctorTests {
    /// What it found, by check.
    private func examine(
        _ environment: [String: String], _ options: [String] = []
    ) async throws -> (status: Int32, findings: [String: [JSON]]) {
        let result = try await ServedProcess.run(
            "rpcd", ["doctor", "--json"] + options, environment: environment)
        let json = try JSON.parse(result.output)
        #expect(json["exitStatus"]?.int64 == Int64(result.status), "\(result.errors)")
        let findings = try #require(json["checks"]).elements.map { $0 }
        return (result.status, Dictionary(grouping: findings) { $0["check"]?.string ?? "" })
    }

    @Test("Where all is well it says so")
    func healthy() async throws {
        try await withTemporaryFolder { folder in
            let daemon = try await ServedProcess.dev(in: folder)
            let environment = ["RPCD_MIGRATIONS": Project.root + "/migrations"]
            let (status, findings) = try await examine(environment, ["--data-dir", folder])
            #expect(Set(findings.keys) == Set(Doctor.checks.map(\.name)))
            // What the host has and has not is not this test's.
            let ours = findings.filter { !["journal", "systemd", "disk"].contains($0.key) }
            for (check, found) in ours {
                for finding in found {
                    #expect(
                        ["ok", "skipped"].contains(finding["status"]?.string), "\(check): \(finding.source)")
                    #expect(finding["advice"]?.isNull == true)
                }
            }
            #expect([0, 3].contains(status))
            let text = try await ServedProcess.run(
                "rpcd", ["doctor", "--data-dir", folder], environment: environment)
            #expect(text.output.contains("ok       database       PostgreSQL "))
            let paused = try await ServedProcess.run("rpcd", ["pause", "--socket", daemon.socket])
            #expect(paused.status == 0, "\(paused.errors)")
            let (_, held) = try await examine(environment, ["--data-dir", folder, "--timeout", "2"])
            #expect(held["daemon"]?.first?["advice"]?.string == "rpcd resume", "\(held["daemon"] ?? [])")
            let resumed = try await ServedProcess.run("rpcd", ["resume", "--socket", daemon.socket])
            #expect(resumed.status == 0, "\(resumed.errors)")
            daemon.process.send(SIGTERM)
            #expect(await daemon.process.end() == 0)
        }
    }

    @Test("What is broken is found, each with what to do; one that does not answer holds up nothing")
    func broken() async throws {
        try await withTemporaryFolder { folder in
            let conninfo = try TestCluster.shared.get().freshDatabase()
            var settings = try Served.settings(in: folder, conninfo: conninfo)
            // Another database of the cluster makes the roles, which are the cluster's.
            try await Served.migrate(TestCluster.shared.get().freshDatabase(), settings)
            // Nobody has migrated this one. A server takes connections and says nothing; others are not there.
            let silent = try SilentListener()
            defer { extendLifetime(silent) }
            chmod(folder, 0o777)
            try FileManager.default.createDirectory(
                atPath: folder + "/providers", withIntermediateDirectories: false)
            try "{}".write(toFile: folder + "/providers/p.json", atomically: true, encoding: .utf8)
            chmod(folder + "/master", 0o644)
            settings["RPCD_SMTP_URL"] = "smtp://u:canary@127.0.0.1:\(silent.port)"
            settings["RPCD_REDIS_URL"] = "unix:///tmp/nobody-here"
            settings["RPCD_CLICKHOUSE_URL"] = "http://u:canary@127.0.0.1:1/d"
            settings["RPCD_PROVIDERS_DIR"] = folder + "/providers"
            settings["RPCD_LOG_LEVEL"] = "loud"
            let (status, findings) = try await examine(settings, ["--timeout", "1"])
            #expect(status == 78)
            let expected = [
                ("configuration", "failure", "RPCD_LOG_LEVEL: got 'loud'", "rpcd help config"),
                ("keys", "failure", "only its owner can read", "mode 0600"),
                ("socket", "failure", "anybody may put another socket", "chmod o-w"),
                ("migrations", "failure", "migrations are missing", "rpcd migrate up"),
                (
                    "analytics", "failure", "ClickHouse at http://127.0.0.1:1/*** cannot be asked",
                    "RPCD_CLICKHOUSE_URL"
                ),
                ("redis", "warning", "Redis cannot be reached", "RPCD_REDIS_URL"),
                ("providers", "failure", "RPCD_PROVIDERS_DIR", "rpcd providers check"),
                ("mail", "failure", "says nothing", "RPCD_SMTP_URL"),
                ("mail", "warning", "rpcd@localhost", "RPCD_MAIL_FROM"),
                ("daemon", "warning", "no daemon answers", "systemctl start"),
            ]
            for (check, standing, text, advice) in expected {
                let found = findings[check, default: []]
                #expect(
                    found.contains {
                        $0["status"]?.string == standing && $0["text"]?.string?.contains(text) == true
                            && $0["advice"]?.string?.contains(advice) == true
                    }, "\(check): \(found.map(\.source))")
            }
            for found in findings.values.joined() { #expect(!found.source.contains("canary")) }
        }
    }

    @Test(
        "Without database and daemon it works; the owner of the tables, and a missing master key, are found")
    func database() async throws {
        try await withTemporaryFolder { folder in
            let conninfo = try TestCluster.shared.get().freshDatabase()
            let settings = try Served.settings(in: folder, conninfo: conninfo)
            let away = settings.merging(["RPCD_DATABASE_URL": "host=/tmp/nobody-here password=canary"]) { $1 }
            let nothing = try await examine(away)
            #expect(nothing.status == 1)
            let database = try #require(nothing.findings["database"]?.first)
            #expect(database["text"]?.string?.contains("host=/tmp/nobody-here *** cannot be reached") == true)
            #expect(database["advice"]?.string?.contains("RPCD_DATABASE_URL") == true)
            #expect(nothing.findings["migrations"]?.first?["status"]?.string == "skipped")

            let served = try await Served.start(in: folder, conninfo: conninfo)
            let well = try await examine(settings)
            #expect(well.status == 3, "nobody gets mails: \(well.findings.values.joined().map(\.source))")
            #expect(well.findings["mail"]?.first?["status"]?.string == "warning")
            #expect(well.findings["daemon"]?.first?["status"]?.string == "ok")

            let socket = try RawSocket(path: served.socket)
            _ = try await socket.call(
                "auth.register",
                #"{"email":"ada@example.org","password":"correct horse battery","name":"Ada"}"#)
            let made = try await socket.call(
                "workspaces.create", #"{"name":"Acme","ownerEmail":"ada@example.org"}"#)
            let workspace = try #require(made["result"]?["id"]?.string)
            _ = try await socket.call(
                "credentials.create", #"{"workspaceId":"\#(workspace)","provider":"p","key":"0123456789abc"}"#
            )
            let ring = folder + "/master"
            let key = try String(contentsOfFile: ring, encoding: .utf8)
            try "2\(key.dropFirst())".write(toFile: ring, atomically: true, encoding: .utf8)
            chmod(ring, 0o600)
            let missing = try await examine(settings)
            #expect(missing.status == 1)
            #expect(
                missing.findings["sealed"]?.first?["text"]?.string?.contains(
                    "master key 1 is not in the ring: 1 credentials") == true)
            try "1 \(String(repeating: "b8", count: 32))".write(
                toFile: ring, atomically: true, encoding: .utf8)
            chmod(ring, 0o600)
            let other = try await examine(settings)
            #expect(
                other.findings["sealed"]?.first?["text"]?.string?.contains(
                    "master key 1 of the ring is another one") == true)

            let owner = try await examine(settings.merging(["RPCD_DATABASE_URL": conninfo]) { $1 })
            #expect(owner.findings["roles"]?.first?["text"]?.string?.contains("does not bind") == true)
            served.process.send(SIGTERM)
            #expect(await served.process.end() == 0)
        }
    }

    @Test(
        "Too old, a standby, in another encoding, with no room, by another clock: each is a finding of its own"
    )
    func judgement() {
        func facts(
            version: Int64 = 150_010, encoding: String = "UTF8", connections: Int64 = 97,
            isStandby: Bool = false
        ) -> DatabaseFacts {
            DatabaseFacts(
                versionNumber: version, version: "\(version / 10_000).10", database: "rpcd",
                user: "rpcd_daemon", encoding: encoding, connections: connections, isStandby: isStandby,
                clock: Timestamp(seconds: 0), collation: "C")
        }
        func text(_ facts: DatabaseFacts, clock: Int64 = 0) -> String {
            Doctor.judge(facts, clockDifference: clock, needed: 13).map(\.text).joined()
        }
        #expect(text(facts()).hasPrefix("PostgreSQL 15.10, database rpcd"))
        #expect(text(facts(version: 140_020)).contains("too old"))
        #expect(text(facts(encoding: "SQL_ASCII")).contains("SQL_ASCII"))
        #expect(text(facts(isStandby: true)).contains("standby"))
        #expect(text(facts(connections: 12)).contains("may have 12"))
        #expect(text(facts(connections: 15)).contains("hardly room"))
        #expect(text(facts(), clock: 86_400_000_000).contains("86400 seconds ahead"))
        #expect(text(facts(), clock: -3_000_000).contains("3 seconds behind"))
        let (early, late) = (Timestamp(seconds: 10), Timestamp(seconds: 20))
        #expect(Doctor.difference(of: Timestamp(seconds: 15), from: early, to: late) == 0)
        #expect(Doctor.difference(of: Timestamp(seconds: 25), from: early, to: late) == 5_000_000)
        #expect(Doctor.difference(of: Timestamp(seconds: 7), from: early, to: late) == -3_000_000)
        let (mib, gib) = (UInt64(1) << 20, UInt64(1) << 30)
        #expect(Doctor.judge("/", free: 100 * mib, of: gib, freeFiles: 9, ofFiles: 9)[0].standing == .failure)
        #expect(Doctor.judge("/", free: gib, of: 100 * gib, freeFiles: 9, ofFiles: 9)[0].standing == .warning)
        #expect(Doctor.judge("/", free: gib, of: 5 * gib, freeFiles: 9, ofFiles: 9).isEmpty)
        #expect(Doctor.judge("/", free: 9 * gib, of: 9 * gib, freeFiles: 0, ofFiles: 900).count == 1)
    }

    @Test("A unit that has failed, does not notify, or has no watchdog")
    func unit() {
        func text(_ properties: String) -> String {
            Doctor.judge(unit: "rpcd.service", properties: properties).map(\.text).joined(separator: ";")
        }
        let well = "Type=notify\nWatchdogUSec=30s\nLoadState=loaded\nActiveState=active\nResult=success\n"
        #expect(text(well) == "rpcd.service is active, with a watchdog")
        #expect(text("LoadState=not-found\n") == "there is no unit rpcd.service here")
        #expect(text(well.replacing("=active", with: "=failed")).contains("has failed: success"))
        #expect(text(well.replacing("=notify", with: "=simple")).contains("Type=simple"))
        let bare = well.replacing("=30s", with: "=0")
        #expect(text(bare).contains("no watchdog"))
        #expect(text(bare.replacing("=active", with: "=inactive")) == "rpcd.service is inactive")
    }
}
