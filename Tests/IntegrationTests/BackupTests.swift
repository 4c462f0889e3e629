import Cryptography
import Foundation
import Glibc
import JSON
import Postgres
import TestSupport
import Testing

@testable import rpcd

@Suite("rpcd backup and restore")
struct BackupTests {
    static let passphrase = "what nobody guesses"

    /// Serves on a new database with something of everything, and takes a backup of it.
    /// - Parameter owner: a superuser whose the tables are to be.
    func backup(
        _ folder: String, of conninfo: String, owner: String = "rpcd", _ options: [String] = []
    ) async throws -> (environment: [String: String], head: String) {
        try await Served.migrate(
            conninfo.replacing("user=rpcd", with: "user=\(owner)"),
            try Served.settings(in: folder, conninfo: conninfo))
        let served = try await Served.start(in: folder, conninfo: conninfo)
        let socket = try RawSocket(path: served.socket)
        _ = try await socket.call(
            "auth.register", #"{"email":"ada@example.org","password":"correct horse battery","name":"Ada"}"#)
        let made = try await socket.call(
            "workspaces.create", #"{"name":"Acme","ownerEmail":"ada@example.org"}"#)
        let w = #""workspaceId":"\#(try #require(made["result"]?["id"]?.string))""#
        for (method, params) in [
            ("billing.addCredits", #"{\#(w),"amount":500,"type":"bonus"}"#),
            ("billing.debit", #"{\#(w),"amount":20}"#), ("billing.holds.create", #"{\#(w),"amount":7}"#),
            ("credentials.create", #"{\#(w),"provider":"p","key":"0123456789abcdef","secret":"s"}"#),
            ("webhooks.create", #"{\#(w),"url":"https://hooks.example.org/","events":["*"]}"#),
            ("records.bulkUpsert", #"{\#(w),"records":[{"externalId":"a","fields":{"n":1}}]}"#),
        ] {
            let answer = try await socket.call(method, params)
            #expect(answer["result"] != nil, "\(answer.source)")
        }
        try Self.passphrase.write(toFile: folder + "/passphrase", atomically: true, encoding: .utf8)
        chmod(folder + "/passphrase", 0o600)
        let console = try SQLConsole(conninfo)
        while console.run("SELECT 1 FROM audit_seals LIMIT 1").rows.isEmpty { await Task.yield() }
        let environment = try Served.settings(in: folder, conninfo: conninfo).merging([
            "RPCD_DATABASE_URL": conninfo
        ]) { $1 }
        let taken = try await ServedProcess.run(
            "rpcd", ["backup", folder + "/backup", "--passphrase-file", folder + "/passphrase"] + options,
            environment: environment)
        #expect(taken.status == 0, "\(taken.errors)")
        served.process.send(SIGTERM)
        #expect(await served.process.end() == 0)
        let line = taken.output.split(separator: "\n").first { $0.hasPrefix("head ") }
        return (environment, String(line?.dropFirst("head ".count) ?? ""))
    }

    func restore(
        _ folder: String, to conninfo: String, _ environment: [String: String], _ options: [String] = []
    ) async throws -> (status: Int32, output: String, errors: String) {
        try await ServedProcess.run(
            "rpcd", ["restore", folder + "/backup", "--passphrase-file", folder + "/passphrase"] + options,
            environment: environment.merging(["RPCD_DATABASE_URL": conninfo]) { $1 })
    }

    @Test("Data, a backup under load, everything lost, restored elsewhere, verified, compared: scripts/drill")
    func drill() async throws {
        let drill = try await ServedProcess.run(
            Project.root + "/scripts/drill", [ServedProcess.programs])
        #expect(drill.status == 0, "\(drill.output)\(drill.errors)")
        #expect(drill.output.contains("of one moment: "), "\(drill.output)")
    }

    @Test(
        "In another cluster, for an owner of another name who is no superuser, rights and policies are the same"
    )
    func elsewhere() async throws {
        let cluster = try TestCluster()
        defer { cluster.remove() }
        try await withTemporaryFolder { folder in
            let source = try TestCluster.shared.get().freshDatabase()
            let owner = "owner\(UInt32.random(in: .min ... .max))"
            try SQLConsole(source).run("CREATE ROLE \(owner) LOGIN SUPERUSER")
            var (environment, head) = try await backup(folder, of: source, owner: owner)
            // Nothing is shared with where it came from: neither keys nor roles.
            for (name, key) in [("key", "RPCD_JWT_KEY_FILE"), ("master", "RPCD_MASTER_KEY_FILE")] {
                unlink(folder + "/" + name)
                environment[key] = folder + "/new-" + name
            }
            let console = try SQLConsole(cluster.conninfo())
            console.run("CREATE ROLE keeper LOGIN CREATEROLE")
            console.run("CREATE DATABASE kept OWNER keeper")
            let keeper = cluster.conninfo(database: "kept").replacing("user=rpcd", with: "user=keeper")
            let bound = try await restore(folder, to: keeper, environment)
            #expect(bound.status == 1 && bound.errors.contains("sees every row"), "\(bound.errors)")
            console.run("ALTER ROLE keeper BYPASSRLS")
            console.run("CREATE ROLE rpcd_daemon LOGIN NOINHERIT")
            console.run("CREATE ROLE rpcd_maintenance NOLOGIN")
            console.run("GRANT rpcd_maintenance TO rpcd_daemon")
            // Who may make roles helps himself; another has to be helped.
            console.run("ALTER ROLE keeper NOCREATEROLE")
            let refused = try await restore(folder, to: keeper, environment)
            #expect(refused.status == 1)
            #expect(refused.errors.contains("GRANT rpcd_maintenance TO keeper"), "\(refused.errors)")
            console.run("ALTER ROLE keeper CREATEROLE")
            let restored = try await restore(folder, to: keeper, environment)
            #expect(restored.status == 0, "\(restored.errors)")
            #expect(restored.output.contains("ledger:\n3 checked, 0 differ"), "\(restored.output)")
            #expect(restored.output.contains("sealed: 2 of a sample opened, 0 not"), "\(restored.output)")

            let owned = try SQLConsole(cluster.conninfo(database: "kept"))
            let owners = owned.run(
                "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            )
            #expect(owners.rows == [["keeper"]])
            let policy = owned.run(
                "SELECT polroles = ARRAY[(SELECT oid FROM pg_roles WHERE rolname = 'keeper')] FROM pg_policy WHERE polname = 'of_view'"
            )
            #expect(policy.rows == [["t"]])
            // The daemon serves it, bound as before.
            let process = try ServedProcess(
                "rpcd", ["serve"],
                environment: environment.merging([
                    "RPCD_DATABASE_URL": TestCluster.daemon(cluster.conninfo(database: "kept"))
                ]) { $1 }, in: folder)
            _ = try await process.readyLine()
            let socket = try RawSocket(path: folder + "/s")
            let login = try await socket.call(
                "auth.login", #"{"email":"ada@example.org","password":"correct horse battery"}"#)
            let token = try #require(login["result"]?["accessToken"]?.string)
            let mine = try await socket.call("workspaces.list", #"{"_meta":{"token":"\#(token)"}}"#)
            let workspace = try #require(
                mine["result"]?["items"]?.elements.first { _ in true }?["id"]?.string)
            let records = try await socket.call(
                "records.list",
                #"{"workspaceId":"\#(workspace)","filter":{"n":1},"_meta":{"token":"\#(token)"}}"#)
            #expect(records["result"]?["items"]?.elements.map(\.source).count == 1, "\(records.source)")
            let audit = try await ServedProcess.run(
                "rpcd", ["audit", "verify", "--socket", folder + "/s", "--expect", head])
            #expect(audit.status == 0, "\(audit.output)")
            process.send(SIGTERM)
            #expect(await process.end() == 0)
        }
    }

    @Test(
        "What is not empty, damaged, added to, or sealed under another passphrase is refused, and nothing is touched"
    )
    func refusals() async throws {
        let cluster = try TestCluster.shared.get()
        try await withTemporaryFolder { folder in
            let source = try cluster.freshDatabase()
            let (environment, _) = try await backup(folder, of: source)
            let full = try await restore(folder, to: source, environment)
            #expect(full.status == 1 && full.errors.contains("is not empty"), "\(full.errors)")
            let empty = try cluster.freshDatabase()
            func expectUntouched() throws {
                let tables = try SQLConsole(empty).run(
                    "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
                #expect(tables.rows == [["0"]])
            }
            // Another ring has taken the place of the one that sealed it.
            let known = try SQLConsole(source).run(
                "INSERT INTO master_keys (number, fingerprint) VALUES (1, sha256('x')) ON CONFLICT (number) DO UPDATE SET fingerprint = sha256('x')"
            )
            #expect(known.sqlState == nil)
            let third = try await ServedProcess.run(
                "rpcd", ["backup", folder + "/third", "--passphrase-file", folder + "/passphrase"],
                environment: environment)
            #expect(
                third.status == 1 && third.errors.contains("another one than the database knows"),
                "\(third.errors)")
            #expect(access(folder + "/third", F_OK) != 0)
            let dump = folder + "/backup/database"
            let name = try #require(
                FileManager.default.contentsOfDirectory(atPath: dump).first { $0.hasSuffix(".gz") })
            let path = dump + "/" + name
            let whole = try Data(contentsOf: URL(fileURLWithPath: path))
            var damaged = whole
            damaged[damaged.count / 2] ^= 1
            try damaged.write(to: URL(fileURLWithPath: path))
            let refused = try await restore(folder, to: empty, environment)
            #expect(refused.status == 1)
            #expect(refused.errors.contains("database/\(name) of the backup is damaged"), "\(refused.errors)")
            try expectUntouched()
            try whole.write(to: URL(fileURLWithPath: path))

            try "x".write(toFile: dump + "/other", atomically: true, encoding: .utf8)
            let added = try await restore(folder, to: empty, environment)
            #expect(added.errors.contains("database/other is not of this backup"), "\(added.errors)")
            unlink(dump + "/other")

            try "another passphrase".write(
                toFile: folder + "/passphrase", atomically: true, encoding: .utf8)
            chmod(folder + "/passphrase", 0o600)
            let wrong = try await restore(folder, to: empty, environment)
            #expect(wrong.status == 1 && wrong.errors.contains("another passphrase"), "\(wrong.errors)")
            try expectUntouched()

            // Without the keys of its time nothing that is sealed opens, and that is told.
            unlink(folder + "/master")
            try "1 \(String(repeating: "b8", count: 32))".write(
                toFile: folder + "/master", atomically: true, encoding: .utf8)
            chmod(folder + "/master", 0o600)
            let other = try await restore(folder, to: empty, environment, ["--without-keys"])
            #expect(other.status == 1 && other.errors.contains("not those of the backup"), "\(other)")
        }
    }

    @Test("Who does not see every row takes no backup; a password is in no argument; keys can be left out")
    func taking() async throws {
        let cluster = try TestCluster.shared.get()
        try await withTemporaryFolder { folder in
            let source = try cluster.freshDatabase()
            let (environment, _) = try await backup(folder, of: source, ["--without-keys"])
            #expect(access(folder + "/backup/keys.sealed", F_OK) != 0)
            #expect(access(folder + "/backup/manifest.json", F_OK) == 0)
            let again = try await ServedProcess.run(
                "rpcd", ["backup", folder + "/backup", "--without-keys"], environment: environment)
            #expect(again.status == 1 && again.errors.contains("is there already"))
            let bound = try await ServedProcess.run(
                "rpcd", ["backup", folder + "/other", "--without-keys"],
                environment: environment.merging(["RPCD_DATABASE_URL": TestCluster.daemon(source)]) { $1 })
            #expect(bound.status == 1 && bound.errors.contains("sees every row"), "\(bound.errors)")
            let left = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(!left.contains { $0.hasPrefix("other") }, "\(left)")

            let scratch = try PrivateFolder()
            let service = try ServiceFile("host=h user=u password='a b\\'c'", in: scratch)
            #expect(
                try String(contentsOfFile: service.path, encoding: .utf8)
                    == "[rpcd]\npassword=a b'c\nhost=h\nuser=u\n"
                    || String(contentsOfFile: service.path, encoding: .utf8).contains("password=a b'c\n"))
            var status = stat()
            #expect(stat(service.path, &status) == 0 && status.st_mode & 0o7777 == 0o600)
            let missing = #expect(throws: CommandFailure.self) {
                try PostgresTools("pg_dump", atLeast: 99)
            }
            #expect(missing?.description.contains("apt-get install postgresql-client-99") == true)
            extendLifetime(scratch)
        }
    }

    @Test(
        "A password is in no argument and no environment of pg_dump; a signal leaves neither that nor a password behind"
    )
    func interruption() async throws {
        try await withTemporaryFolder { folder in
            let conninfo = try TestCluster.shared.get().freshDatabase()
            var environment = try Served.settings(in: folder, conninfo: conninfo)
            try await Served.migrate(conninfo, environment)
            let canary = "canary-\(UUID())"
            environment["RPCD_DATABASE_URL"] = conninfo + " password='\(canary)'"
            environment["TMPDIR"] = folder + "/tmp"
            try FileManager.default.createDirectory(
                atPath: folder + "/tmp", withIntermediateDirectories: false)
            // pg_dump waits for this table.
            let console = try SQLConsole(conninfo)
            for sql in ["CREATE SCHEMA other", "CREATE TABLE other.t ()", "BEGIN", "LOCK TABLE other.t"] {
                #expect(console.run(sql).sqlState == nil)
            }
            let watcher = try SQLConsole(conninfo)
            func dumps(_ condition: String) -> Int {
                watcher.run(
                    """
                    SELECT FROM pg_stat_activity WHERE application_name = 'pg_dump' AND datname = current_database() AND \(condition)
                    """
                ).rows.count
            }
            let process = try ServedProcess(
                "rpcd", ["backup", folder + "/backup", "--without-keys"], environment: environment)
            while dumps("wait_event_type = 'Lock'") == 0 { await Task.yield() }
            func contents(_ path: String) -> String {
                String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
            }
            var seen = 0
            for entry in try FileManager.default.contentsOfDirectory(atPath: "/proc") where Int(entry) != nil
            {
                let words = contents("/proc/\(entry)/cmdline")
                guard words.contains("pg_dump"), words.contains(folder) else { continue }
                seen += 1
                #expect(!words.contains(canary) && !contents("/proc/\(entry)/environ").contains(canary))
            }
            #expect(seen > 0)
            let scratch = try FileManager.default.contentsOfDirectory(atPath: folder + "/tmp")
            #expect(contents("\(folder)/tmp/\(try #require(scratch.first))/service.conf").contains(canary))
            let second = try await ServedProcess.run(
                "rpcd", ["backup", folder + "/backup", "--without-keys"], environment: environment)
            #expect(second.status == 1 && second.errors.contains("Another process"), "\(second.errors)")
            let unfinished = try await ServedProcess.run(
                "rpcd", ["backup", folder + "/x.rpcd-partial", "--without-keys"], environment: environment)
            #expect(unfinished.status == 1 && unfinished.errors.contains("choose another name"))
            process.send(SIGTERM)
            #expect(await process.end() == -SIGTERM)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/tmp").isEmpty)
            #expect(access(folder + "/backup", F_OK) != 0)
            let killed = try ServedProcess(
                "rpcd", ["backup", folder + "/killed", "--without-keys"], environment: environment)
            while access(folder + "/killed.rpcd-partial/database", F_OK) != 0 { await Task.yield() }
            killed.send(SIGKILL)
            #expect(await killed.end() == -SIGKILL)
            #expect(access(folder + "/killed.rpcd-partial", F_OK) == 0)
            // It could not take its password away: the next one does.
            #expect(try !FileManager.default.contentsOfDirectory(atPath: folder + "/tmp").isEmpty)
            while dumps("true") > 0 { await Task.yield() }
            console.run("ROLLBACK")
            let again = try await ServedProcess.run(
                "rpcd", ["backup", folder + "/backup/", "--without-keys"], environment: environment)
            #expect(again.status == 0, "\(again.errors)")
            #expect(access(folder + "/backup/manifest.json", F_OK) == 0)
            let rest = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(!rest.contains { $0.hasSuffix("partial") }, "\(rest)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/tmp").isEmpty)
        }
    }

    /// Types what it is told whenever it is asked, on a terminal, and prints what that shows.
    private static let typist = """
        import os, pty, sys
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(sys.argv[2], sys.argv[2:])
        seen = b""
        for prompt in (b"keys: ", b"more: "):
            while not seen.endswith(prompt):
                seen += os.read(terminal, 100)
            os.write(terminal, sys.argv[1].encode() + b"\\n")
        try:
            while part := os.read(terminal, 1000):
                seen += part
        except OSError:
            pass
        sys.stdout.write(seen.decode())
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """

    @Test("The passphrase is asked for on the terminal, twice, and not shown")
    func terminal() async throws {
        try await withTemporaryFolder { folder in
            let conninfo = try TestCluster.shared.get().freshDatabase()
            let environment = try Served.settings(in: folder, conninfo: conninfo).merging([
                "RPCD_DATABASE_URL": conninfo
            ]) { $1 }
            try await Served.migrate(conninfo, environment)
            let typed = try await ServedProcess.run(
                "/usr/bin/env",
                [
                    "python3", "-c", Self.typist, Self.passphrase, ServedProcess.programs + "/rpcd", "backup",
                    folder + "/backup",
                ], environment: environment)
            #expect(typed.status == 0, "\(typed.output)\(typed.errors)")
            #expect(typed.output.contains("tables, ") && !typed.output.contains(Self.passphrase))
            let sealed = try Array(Data(contentsOf: URL(fileURLWithPath: folder + "/backup/keys.sealed")))
            let opened = try SealedKeys(
                opening: sealed, with: SecretBytes(Array(Self.passphrase.utf8)))
            #expect(opened.files.map(\.name) == ["jwt-key", "master-key"])
        }
    }

    @Test("Keys open with their passphrase alone, and not when one bit is another")
    func sealedKeys() throws {
        let ring = Array("1 \(String(repeating: "5e", count: 32))\n".utf8)
        let passphrase = try SecretBytes(Array(Self.passphrase.utf8))
        let sealed = try SealedKeys(files: [("jwt-key", ring), ("master-key", ring)]).sealed(
            under: passphrase)
        let opened = try SealedKeys(opening: sealed, with: passphrase)
        #expect(opened.files.map(\.name) == ["jwt-key", "master-key"])
        #expect(opened.files.allSatisfy { $0.content == ring })
        #expect(throws: CommandFailure.self) {
            try SealedKeys(opening: sealed, with: SecretBytes(Array("what nobody guesses?".utf8)))
        }
        for index in [20, 60, sealed.count - 2] {
            var changed = sealed
            changed[index] = changed[index] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
            #expect(throws: CommandFailure.self) { try SealedKeys(opening: changed, with: passphrase) }
        }
    }

    @Test("The roles that a restore makes are those of the migration")
    func roles() throws {
        let migration = try String(
            contentsOfFile: Project.root + "/migrations/0005_tenancy.sql", encoding: .utf8)
        let store = try String(
            contentsOfFile: Project.root + "/Sources/rpcd/Backup/BackupStore.swift", encoding: .utf8)
        func block(_ text: String) throws -> String {
            let start = try #require(text.range(of: "DO $$"))
            let end = try #require(text.range(of: "END\n$$", range: start.lowerBound..<text.endIndex))
            return text[start.lowerBound..<end.upperBound].split(whereSeparator: \.isWhitespace).joined(
                separator: " ")
        }
        let indented = store.replacing("        END\n        $$", with: "END\n$$")
        #expect(try block(migration) == block(indented))
    }
}
