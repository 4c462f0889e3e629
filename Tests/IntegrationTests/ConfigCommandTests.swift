import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@testable import rpcd

@Suite("rpcd config")
struct ConfigCommandTests {
    @Test("Each value is told with its origin, and no password")
    func show() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/rpcd.conf"
            try "# one\n\nRPCD_POOL_SIZE = 3\nRPCD_LOG_LEVEL=debug\n".write(
                toFile: path, atomically: true, encoding: .utf8)
            try FileManager.default.createDirectory(
                atPath: folder + "/credentials", withIntermediateDirectories: false)
            try "1 \(String(repeating: "5e", count: 32))\n".write(
                toFile: folder + "/credentials/jwt-key", atomically: true, encoding: .utf8)
            let environment = [
                "RPCD_CONFIG": path, "RPCD_LOG_LEVEL": "error",
                "CREDENTIALS_DIRECTORY": folder + "/credentials",
                "RPCD_DATABASE_URL":
                    "postgresql://ada:canary-1@db.example.org:5433/rpcd?sslpassword=canary-2",
                "RPCD_SMTP_URL": "smtp://mailer:canary-3@mail.example.org:587",
            ]
            let shown = try await ServedProcess.run("rpcd", ["config", "show"], environment: environment)
            #expect(shown.status == 0)
            let lines = shown.output.split(separator: "\n")
            #expect(lines.contains("RPCD_POOL_SIZE\t3\t\(path):3"))
            #expect(lines.contains("RPCD_LOG_LEVEL\terror\tenvironment"))
            #expect(lines.contains("RPCD_RESULT_TTL\t30\tstandard"))
            let jwt = folder + "/credentials/jwt-key"
            #expect(lines.contains("RPCD_JWT_KEY_FILE\t\(jwt)\tcredential \(jwt)"))
            #expect(
                lines.contains(
                    "RPCD_DATABASE_URL\thost=db.example.org port=5433 dbname=rpcd user=ada ***\tenvironment"))
            #expect(lines.contains("RPCD_SMTP_URL\tsmtp://mail.example.org:587/***\tenvironment"))
            let json = try await ServedProcess.run(
                "rpcd", ["config", "show", "--json"], environment: environment)
            let entries = try JSON.parse(json.output)["settings"]?.elements
            let pool = try #require(entries?.first { $0["key"]?.string == "RPCD_POOL_SIZE" })
            #expect(pool["origin"]?.string == "file" && pool["line"]?.int64 == 3)
            for output in [shown.output, shown.errors, json.output] { #expect(!output.contains("canary")) }
        }
    }

    @Test("Root's commands go to the unit's place where the package is, and nothing says what else is meant")
    func inPlaceOfUnit() throws {
        let isBooted = access("/run/systemd/system", F_OK) == 0
        func words(_ environment: [String: String], user: uid_t = 0, helper: String = "/bin/sh") -> [String]?
        {
            InPlaceOfUnit(unit: "u.service", helper: helper, user: user, environment: environment).words
        }
        #expect(words(["PATH": "/bin", "RPCD_TOKEN": "t"]) == (isBooted ? ["/bin/sh", "u.service"] : nil))
        #expect(words(["RPCD_CONFIG": "/a"]) == nil)
        #expect(words(["RPCD_DATABASE_URL": "host=a"]) == nil)
        #expect(words([:], user: 1000) == nil)
        #expect(words([:], helper: "/nonexistent") == nil)
    }

    @Test("Paths go along from the root on")
    func paths() throws {
        let here = FileManager.default.currentDirectoryPath + "/"
        let given = ["backup", "rel", "--keys=k/1", "--passphrase-file", "p", "/abs", "--jobs", "4"]
        #expect(
            try InPlaceOfUnit.absolute(given, ["rel", "k/1", "p"])
                == [
                    "backup", here + "rel", "--keys=" + here + "k/1", "--passphrase-file", here + "p", "/abs",
                    "--jobs", "4",
                ])
    }

    @Test("Doctor tells who else may read or change the file of settings")
    func fileMode() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/rpcd.conf"
            try "RPCD_DATABASE_URL=host=/nowhere password=canary\n".write(
                toFile: path, atomically: true, encoding: .utf8)
            for (mode, expected) in [
                (0o640, [String]()), (0o644, ["anybody may read \(path)"]),
                (0o646, ["anybody may change \(path)", "anybody may read \(path)"]),
            ] {
                chmod(path, mode_t(mode))
                let doctor = Doctor(
                    reading: Settings.read(["RPCD_CONFIG": path]), dataDir: nil, unit: "u.service", seconds: 1
                )
                let texts = doctor.configuration().map(\.text).filter { $0.hasPrefix("anybody") }
                #expect(texts.count == expected.count, "\(texts)")
                for (text, start) in zip(texts, expected) { #expect(text.hasPrefix(start)) }
            }
        }
    }

    @Test("Doctor tells who else gets at the keys that the service manager hands over")
    func credentialModes() async throws {
        try await withTemporaryFolder { folder in
            let (store, key) = (folder + "/credstore", folder + "/credstore/rpcd.provider-hunter")
            try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: false)
            try "1 5e".write(toFile: key, atomically: true, encoding: .utf8)
            for (ofStore, ofKey, expected) in [
                (0o700, 0o644, [String]()), (0o755, 0o600, []),
                (0o711, 0o640, ["others than root get at \(key)"]),
                (
                    0o777, 0o644,
                    ["others than root may put keys into \(store)", "others than root get at \(key)"]
                ),
            ] {
                chmod(store, mode_t(ofStore))
                chmod(key, mode_t(ofKey))
                let found = Doctor.credentialFindings(in: store, of: geteuid())
                // A folder that nobody may list tells nobody of what has no usual name.
                #expect(found.map(\.text) == (geteuid() == 0 || ofStore != 0o711 ? expected : []))
                let others = Doctor.credentialFindings(in: store, of: geteuid() + 1)
                #expect(others.first?.text == "others than root may put keys into \(store)")
            }
        }
    }

    @Test("Everything that serve would refuse is told at once, each with its line")
    func check() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/rpcd.conf"
            try """
            RPCD_POOL_SIZE=many
            nonsense
            RPCD_DATABASE_URL=host=/nowhere password=canary-1
            RPCD_DATABASE_POOLER=transaction
            RPCD_SMTP_PASSWORD=canary-2
            RPCD_REDIS_URL=canary-3
            RPCD_EGRESS_CA_FILE=\(folder)/rpcd.conf
            RPCD_ADMIN_LISTEN=127.0.0.1:0
            RPCD_JWT_KEY_FILE=\(folder)/jwt
            RPCD_MASTER_KEY_FILE=\(folder)/master
            RPCD_CLICKHOUSE_URL=http://127.0.0.1:1
            RPCD_ANALYTICS_URL=host=/nowhere
            RPCD_PROVIDERS_DIR=\(folder)/providers
            """.write(toFile: path, atomically: true, encoding: .utf8)
            for name in ["jwt", "master"] {
                try "1 \(String(repeating: "5e", count: 32))\n".write(
                    toFile: folder + "/" + name, atomically: true, encoding: .utf8)
            }
            chmod(folder + "/jwt", 0o600)
            chmod(folder + "/master", 0o644)
            try FileManager.default.createDirectory(
                atPath: folder + "/providers", withIntermediateDirectories: false)
            try "{}".write(toFile: folder + "/providers/p.json", atomically: true, encoding: .utf8)
            let checked = try await ServedProcess.run(
                "rpcd", ["config", "check", path],
                environment: ["RPCD_MIGRATIONS": Project.root + "/migrations"])
            #expect(checked.status == 78)
            let expected = [
                "\(path):2: takes lines of KEY=value",
                "RPCD_POOL_SIZE: got 'many', takes a number from 1 to 500 (\(path):1)",
                "RPCD_REDIS_URL: got '***', takes a URL",
                "RPCD_SMTP_PASSWORD: got '***', takes nothing", "RPCD_DATABASE_DIRECT_URL: is missing",
                "RPCD_ANALYTICS_URL: got '***', takes nothing where RPCD_CLICKHOUSE_URL is set",
                "RPCD_EGRESS_CA_FILE: got '\(path)', takes the path of a file of PEM certificates (\(path):7)",
                "RPCD_MASTER_KEY_FILE: got '\(folder)/master', takes a file of this user, or root's, that only its owner can read",
                "RPCD_OPERATOR_TOKEN_FILE: is missing", "RPCD_PROVIDERS_DIR: got '\(folder)/providers'",
            ]
            for line in expected { #expect(checked.errors.contains("rpcd: " + line), "\(checked.errors)") }
            #expect(checked.errors.split(separator: "\n").count == expected.count, "\(checked.errors)")
            #expect(!checked.errors.contains("canary"))
        }
    }

    @Test("What serves is what passes")
    func serves() async throws {
        try await withTemporaryFolder { folder in
            let conninfo = try TestCluster.shared.get().freshDatabase()
            let settings = try Served.settings(in: folder, conninfo: conninfo)
            let checked = try await ServedProcess.run("rpcd", ["config", "check"], environment: settings)
            #expect(checked.status == 0 && checked.output == "ok\n", "\(checked.errors)")
            try await Served.migrate(conninfo, settings)
            let process = try ServedProcess("rpcd", ["serve"], environment: settings, in: folder)
            _ = try await process.readyLine()
            process.send(SIGTERM)
            #expect(await process.end() == 0)
        }
    }

    @Test(
        "Of a value that may hold a password nothing is shown that could be one",
        arguments: [
            ("smtp://user:pa/ss@host", "***"), ("smtp://user:p@ss@host:25", "***"),
            ("redis://:secret@cache:6379/0", "redis://cache:6379/***"), ("secret", "***"),
            ("host=db password='a b' user=ada", "host=db user=ada ***"), ("password=a b host=db", "***"),
            ("https://u:s@h/d?password=s@x", "***"),
            ("unix:///run/redis.sock?password=secret", "unix:///***"),
        ])
    func masking(value: String, shown: String) {
        #expect(Masking.place(of: value) == shown)
    }
}
