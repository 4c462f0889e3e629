import Cryptography
import Identifiers
import JSON
import Postgres
import RPC
import Synchronization
import TestSupport
import Testing

@testable import Services

private let boxes = Statement("SELECT coalesce(string_agg(c::text, ' '), '') FROM credentials c") {
    try $0.get(0, as: String.self)
}

@Suite("The vault")
struct CredentialsTests {
    private static func ring() throws -> NumberedKeys {
        try #require(NumberedKeys(file: NumberedKeys.makeLine(number: 1) + NumberedKeys.makeLine(number: 2)))
    }

    @Test("Of two daemons whose keys have one number but are not the same, the second seals nothing")
    func otherKey() async throws {
        let first = try Backend()
        let ada = try await first.login("ada")
        let made = try await first.connect().call("workspaces.create", #"{"name":"W"}"#, token: ada.token)
        let params =
            #"{"workspaceId":"\#(try #require(made["result"]?["id"]?.string))","provider":"p","key":"k"}"#
        #expect(
            try await first.connect().call("credentials.create", params, token: ada.token)["result"] != nil)
        let other = try WatchedKeys(try #require(NumberedKeys(file: NumberedKeys.makeLine(number: 1))))
        let second = try Backend(sharing: first, masterKeys: other)
        let refused = try await second.connect().call("credentials.create", params, token: ada.token)
        #expect(refused.errorCode == "SERVICE_UNAVAILABLE", "\(refused.source)")
        await #expect(throws: PostgresError.self) { try await second.platform.vault.confirm(on: second.pool) }
        #expect(try SQLConsole(first.conninfo).run("SELECT count(*) FROM credentials").rows == [["1"]])
    }

    @Test(
        "A box opens where it was sealed and nowhere else, and no bit of it can change",
        arguments: Seed.some(100))
    func places(seed: Seed) throws {
        var random = seed.generator
        let vault = Vault(ring: try WatchedKeys(CredentialsTests.ring()))
        let secret = Secret(
            bytes: (0..<Int.random(in: 1...200, using: &random)).map { _ in
                .random(in: .min ... .max, using: &random)
            })
        let salt = try SecureRandom.bytes(Vault.saltBytes)
        let (workspace, credential) = (UUID.random(), UUID.random())
        func place(
            _ workspace: UUID, _ credential: UUID, _ field: Vault.Place.Field = .key, _ version: Int64 = 2
        ) -> Vault.Place {
            Vault.Place(workspace: workspace, credential: credential, field: field, keyVersion: version)
        }
        let here = place(workspace, credential)
        let box = try vault.seal(secret, at: here, salt: salt)
        #expect(try vault.open(box, at: here, salt: salt).withUnsafeBytes { Array($0) } == secret.bytes)
        #expect(try vault.seal(secret, at: here, salt: salt) != box, "a nonce of its own each time")
        let elsewhere = [
            place(UUID.random(), credential), place(workspace, UUID.random()),
            place(workspace, credential, .secret),
            place(workspace, credential, .key, 1), place(credential, workspace),
        ]
        for place in elsewhere {
            #expect(throws: CryptographyError.self) { try vault.open(box, at: place, salt: salt) }
        }
        let otherSalt = try SecureRandom.bytes(Vault.saltBytes)
        #expect(throws: CryptographyError.self) { try vault.open(box, at: here, salt: otherSalt) }
        var changed = box
        changed[Int.random(in: 0..<box.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        #expect(throws: CryptographyError.self) { try vault.open(changed, at: here, salt: salt) }
        #expect(throws: Vault.Fault.noMasterKey(3)) {
            try vault.open(box, at: place(workspace, credential, .key, 3), salt: salt)
        }
    }

    @Test(
        "Only a file of numbered keys is a ring",
        arguments: [
            "", "1", "1 abc", "0 KEY", "-1 KEY", "x KEY", "1 KEY KEY", "1 KEY\n1 KEY", "1 KEYzz", "1  \n",
            "99999999999999999999 KEY",
        ])
    func badRings(text: String) {
        let key = String(repeating: "0f", count: 32)
        #expect(NumberedKeys(file: Array(text.replacing("KEY", with: key).utf8)) == nil)
        #expect(NumberedKeys(file: Array("# old\n3 \(key)\n\n12 \(key)\n".utf8))?.current == 12)
    }

    @Test("What is shown of a key is its last four characters, and nothing of a short one")
    func masks() {
        func mask(_ text: String) -> String { Secret(bytes: Array(text.utf8)).masked }
        #expect(mask("12345678901") == "…")
        #expect(mask("123456789012") == "…9012")
        #expect(mask(String(repeating: "é", count: 12)) == "…éééé")
        #expect("\(Secret(bytes: [1, 2, 3]))" == "***")
    }

    @Test(
        "A credential goes in and comes out masked; the database has no trace of it; who may read may not write"
    )
    func credentials() async throws {
        let backend = try Backend()
        let (ada, bob) = (try await backend.login("ada"), try await backend.login("bob"))
        let connection = backend.connect()
        let made = try await connection.call("workspaces.create", #"{"name":"Acme"}"#, token: ada.token)
        let w = #""workspaceId":"\#(try #require(made["result"]?["id"]?.string))""#
        _ = try await connection.call(
            "members.add", #"{\#(w),"email":"bob@example.org","role":"viewer"}"#, token: ada.token)
        let created = try await connection.call(
            "credentials.create",
            #"{\#(w),"provider":"hunter","label":"main","key":"canary-key-0123","secret":"canary-secret-4567"}"#,
            token: ada.token)
        let credential = try #require(created["result"])
        let id = try #require(credential["id"]?.string)
        #expect(credential["maskedKey"]?.string == "…0123")
        #expect(credential["hasSecret"]?.bool == true)
        #expect(credential["createdBy"]?.string == ada.id)
        let get = #"{\#(w),"credentialId":"\#(id)"}"#
        let list = try await connection.call("credentials.list", "{\(w)}", token: bob.token)
        let got = try await connection.call("credentials.get", get, token: bob.token)
        for answer in [created, list, got] { #expect(!answer.source.contains("canary")) }
        #expect(got["result"]?["maskedKey"]?.string == "…0123")
        for method in ["credentials.update", "credentials.delete"] {
            #expect(
                try await connection.call(method, get, token: bob.token).errorCode == "AUTHORIZATION_ERROR")
        }
        let updated = try await connection.call(
            "credentials.update", #"{\#(w),"credentialId":"\#(id)","key":"canary-key-89ab","ifVersion":1}"#,
            token: ada.token)
        #expect(updated["result"]?["maskedKey"]?.string == "…89ab")
        #expect(updated["result"]?["label"]?.string == "main")
        #expect(updated["result"]?["version"]?.int64 == 2)
        let stale = try await connection.call(
            "credentials.update", #"{\#(w),"credentialId":"\#(id)","label":"x","ifVersion":1}"#,
            token: ada.token)
        #expect(stale.errorCode == "CONFLICT")
        let stored = try await backend.ask(boxes).joined()
        for mark in ["canary", Array("canary".utf8).map { String($0, radix: 16) }.joined()] {
            #expect(!stored.contains(mark))
        }
        #expect(try await connection.call("credentials.delete", get, token: ada.token)["result"] != nil)
        #expect(try await connection.call("credentials.get", get, token: ada.token).errorCode == "NOT_FOUND")
        let nowhere = try await backend.connect(isOperator: true).call(
            "credentials.create",
            #"{"workspaceId":"00000000-0000-4000-8000-000000000000","provider":"p","key":"k"}"#)
        #expect(nowhere.errorCode == "NOT_FOUND")
    }

    @Test(
        "A key that is added takes the next secret; rotation seals the rest anew, in steps, and nothing is lost"
    )
    func rotation() async throws {
        let line = (try NumberedKeys.makeLine(number: 1), try NumberedKeys.makeLine(number: 2))
        let file = Mutex(line.0)
        let source = WatchedKeys.Source(
            stamp: { file.withLock { "\($0.count)" } },
            read: {
                guard let keys = NumberedKeys(file: file.withLock { $0 }) else {
                    throw Vault.Fault.noMasterKey(0)
                }
                return keys
            })
        let ring = try WatchedKeys(source)
        let backend = try Backend(masterKeys: ring)
        let ada = try await backend.login("ada")
        let connection = backend.connect()
        let made = try await connection.call("workspaces.create", #"{"name":"Acme"}"#, token: ada.token)
        let w = #""workspaceId":"\#(try #require(made["result"]?["id"]?.string))""#
        func create() async throws -> JSON {
            let answer = try await connection.call(
                "credentials.create", #"{\#(w),"provider":"p","key":"k-0123456789ab","secret":"s"}"#,
                token: ada.token)
            return try #require(answer["result"])
        }
        for _ in 0..<250 { #expect(try await create()["keyVersion"]?.int64 == 1) }
        // A source that makes no sense for a moment changes nothing.
        file.withLock { $0 = [1, 2, 3] }
        #expect(try await create()["keyVersion"]?.int64 == 1)
        file.withLock { $0 = line.0 + line.1 }
        #expect(try await create()["keyVersion"]?.int64 == 2)

        let rotation = KeyRotation(pool: backend.pool, masterKeys: ring, batch: 200)
        #expect(
            try await rotation.usage(Patient()).map { [Int($0.keyVersion), $0.credentials] } == [
                [1, 251], [2, 1],
            ])
        #expect(
            try await rotation.step(after: .init(), Patient()).sealed == 200,
            "stopped here, another run goes on")
        // What was changed by somebody opens for nobody; it holds up nothing else.
        let owner = try SQLConsole(backend.conninfo)
        let spoilt = owner.run(
            """
            UPDATE credentials SET key_box = set_byte(key_box, 3, 255 - get_byte(key_box, 3))
            WHERE id = (SELECT id FROM credentials WHERE key_version = 1 LIMIT 1) RETURNING id
            """)
        let again = KeyRotation(pool: backend.pool, masterKeys: ring, batch: 200)
        let rest = try await again.step(after: .init(), Patient())
        #expect(rest.sealed == 50 && rest.isComplete)
        #expect(rest.unreadable.map(\.description) == [spoilt.rows[0][0]])
        owner.run("DELETE FROM credentials WHERE key_version = 1")
        // With the new key alone everything opens: the old one may go.
        let alone = try WatchedKeys(try #require(NumberedKeys(file: line.1)))
        let vault = Vault(ring: alone)
        let rows = try await backend.ask(Credentials.lockStale, Int64(3), 1000, Int64(0), UUID.zero)
        #expect(rows.count == 251)
        for row in rows {
            let place = Vault.Place(
                workspace: row.workspace, credential: row.id, field: .key, keyVersion: row.keyVersion)
            let opened = try vault.open(row.keyBox, at: place, salt: row.salt)
            #expect(opened.withUnsafeBytes { Array($0) } == Array("k-0123456789ab".utf8))
        }
    }
}
