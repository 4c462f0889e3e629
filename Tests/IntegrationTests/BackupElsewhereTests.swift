import Cryptography
import Foundation
import Glibc
import TestSupport
import Testing

@testable import rpcd

extension BackupTests {
    @Test(
        "Restored by a superuser, the tables are whose the database is, who migrates on; who cannot give them away is refused; keys apart"
    )
    func handedOver() async throws {
        let cluster = try TestCluster()
        defer { cluster.remove() }
        try await withTemporaryFolder { folder in
            let source = try TestCluster.shared.get().freshDatabase()
            let (environment, _) = try await backup(folder, of: source, ["--keys", folder + "/apart"])
            #expect(access(folder + "/backup/keys.sealed", F_OK) != 0)
            #expect(access(folder + "/apart", R_OK) == 0)
            let console = try SQLConsole(cluster.conninfo())
            console.run("CREATE ROLE keeper LOGIN CREATEROLE")
            console.run("CREATE ROLE stranger LOGIN CREATEROLE BYPASSRLS")
            console.run("CREATE DATABASE kept OWNER keeper")
            let kept = cluster.conninfo(database: "kept")
            let stranger = kept.replacing("user=rpcd", with: "user=stranger")
            let refused = try await restore(folder, to: stranger, environment)
            #expect(refused.status == 1)
            #expect(refused.errors.contains("cannot give the tables"), "\(refused.errors)")
            // A new host has made itself a ring.
            let ring = "1 \(String(repeating: "b8", count: 32))\n"
            var elsewhere = environment
            for (name, key) in [("jwt", "RPCD_JWT_KEY_FILE"), ("ring", "RPCD_MASTER_KEY_FILE")] {
                elsewhere[key] = folder + "/new-" + name
                try ring.write(toFile: folder + "/new-" + name, atomically: true, encoding: .utf8)
                chmod(folder + "/new-" + name, 0o600)
            }
            let restored = try await restore(folder, to: kept, elsewhere, ["--keys", folder + "/apart"])
            #expect(restored.status == 0, "\(restored.errors)")
            #expect(restored.output.contains("sealed: 2 of a sample opened, 0 not"), "\(restored.output)")
            #expect(try String(contentsOfFile: folder + "/new-ring.before-unseal", encoding: .utf8) == ring)
            let owned = try SQLConsole(kept)
            let owners = owned.run(
                """
                SELECT DISTINCT relowner::regrole FROM pg_class WHERE relnamespace = 'public'::regnamespace
                UNION SELECT DISTINCT proowner::regrole FROM pg_proc WHERE pronamespace = 'public'::regnamespace
                UNION SELECT DISTINCT unnest(polroles)::regrole FROM pg_policy WHERE polname = 'of_view'
                """)
            #expect(owners.rows == [["keeper"]])
            let migrated = try await ServedProcess.run(
                "rpcd", ["migrate", "up"],
                environment: environment.merging([
                    "RPCD_DATABASE_URL": kept.replacing("user=rpcd", with: "user=keeper")
                ]) { $1 })
            #expect(migrated.status == 0, "\(migrated.errors)")
            let checked = try await ServedProcess.run(
                "rpcd", ["migrate", "check"],
                environment: environment.merging(["RPCD_DATABASE_URL": TestCluster.daemon(kept)]) { $1 })
            #expect(checked.status == 0 && checked.output == "up to date\n", "\(checked.errors)")
            let away = try await ServedProcess.run(
                "rpcd", ["migrate", "check"],
                environment: environment.merging([
                    "RPCD_DATABASE_URL": TestCluster.daemon(kept),
                    "RPCD_ANALYTICS_URL": "host=/nowhere-at-all",
                ]) { $1 })
            #expect(away.status == 0 && away.errors.contains("analytics is away"), "\(away)")
            let new = try await ServedProcess.run(
                "rpcd", ["migrate", "check"],
                environment: environment.merging(["RPCD_DATABASE_URL": cluster.conninfo()]) { $1 })
            #expect(new.status == 1 && new.errors.contains("migrations are missing"), "\(new)")
        }
    }

    @Test("rpcd keys unseal puts rings where the package has them, and another one aside")
    func unseal() async throws {
        try await withTemporaryFolder { folder in
            let ring = "1 \(String(repeating: "5e", count: 32))\n"
            let more = ring + "2 \(String(repeating: "5f", count: 32))\n"
            let other = "1 \(String(repeating: "b8", count: 32))\n"
            let keys = SealedKeys(files: [("jwt-key", Array(ring.utf8)), ("master-key", Array(ring.utf8))])
            let sealed = try keys.sealed(under: SecretBytes(Array(Self.passphrase.utf8)))
            try PrivateFile.create(folder + "/sealed", sealed)
            try PrivateFile.create(folder + "/passphrase", Array(Self.passphrase.utf8))
            try PrivateFile.create(folder + "/rpcd.jwt-key", Array(more.utf8))
            try PrivateFile.create(folder + "/rpcd.master-key", Array(other.utf8))
            func run() async throws -> (status: Int32, output: String, errors: String) {
                try await ServedProcess.run(
                    "rpcd",
                    [
                        "keys", "unseal", "--from", folder + "/sealed", "--into", folder,
                        "--passphrase-file", folder + "/passphrase",
                    ])
            }
            func text(_ name: String) throws -> String {
                try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
            }
            for _ in 0..<2 {
                let done = try await run()
                #expect(done.status == 0, "\(done.errors)")
                #expect(done.output.contains("rpcd.jwt-key is there and stays as it is"))
                #expect(try text("rpcd.jwt-key") == more, "a ring that has newer keys, too, stays")
                #expect(try text("rpcd.master-key") == ring)
                #expect(try text("rpcd.master-key.before-unseal") == other)
            }
            // What was put aside is never written over.
            unlink(folder + "/rpcd.master-key")
            try PrivateFile.create(folder + "/rpcd.master-key", Array(other.utf8))
            let refused = try await run()
            #expect(refused.status == 1 && refused.errors.contains("cannot be put aside"), "\(refused)")
            #expect(try text("rpcd.master-key") == other)
        }
    }
}
