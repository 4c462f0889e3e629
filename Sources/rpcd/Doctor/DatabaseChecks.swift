import Identifiers
import Postgres
import Services

extension Doctor {
    private static let oldest: Int64 = 150_000
    /// Between two clocks: leases and sessions live by the database's, tokens by the host's.
    private static let clockToleranceMicroseconds: Int64 = 2_000_000

    func database() async throws -> [Finding] {
        guard let server = try? settings.server() else { return Doctor.noDatabase }
        return try await onOwnThread {
            let answer: Answer
            do {
                answer = try ask(server)
            } catch let error as PostgresError {
                return [
                    .failure(
                        "\(Masking.place(of: settings.databaseURL ?? "")) cannot be reached: \(error.message)",
                        do:
                            "see whether PostgreSQL runs and RPCD_DATABASE_URL is right; the role \(Tenancy.daemonRole) is made by rpcd migrate up"
                    )
                ]
            }
            let direct = try directFindings()
            let pooler =
                settings.fleet.pooling == .none && !answer.isDirect
                ? [
                    Finding.warning(
                        "RPCD_DATABASE_URL leads through a pooler",
                        do:
                            "unless that gives each connection a session, set RPCD_DATABASE_POOLER (docs/scaling.md)"
                    )
                ] : []
            let findings = Doctor.judge(
                answer.facts, clockDifference: answer.difference, needed: Daemon.mostConnections(settings))
            let isWell = direct.isEmpty && pooler.isEmpty
            return isWell ? findings : findings.filter { $0.standing != .ok } + direct + pooler
        }
    }

    /// Of the way around a pooler, where there is one.
    private func directFindings() throws -> [Finding] {
        guard let direct = settings.directURL else { return [] }
        do {
            guard try !ask(Server(direct)).isDirect else { return [] }
            return [
                .failure(
                    "RPCD_DATABASE_DIRECT_URL leads through a pooler, too",
                    do: "name the server itself: LISTEN and locks need a session of their own")
            ]
        } catch let error as PostgresError {
            return [
                .failure(
                    "\(Masking.place(of: direct)) cannot be reached: \(error.message)",
                    do: "see whether RPCD_DATABASE_DIRECT_URL is right")
            ]
        }
    }

    func replica() async throws -> [Finding] {
        guard let url = settings.fleet.replicaURL else {
            return [.skipped("none is set: the primary serves lists")]
        }
        return try await onOwnThread {
            do {
                let facts = try ask(Server(url, pooling: settings.fleet.pooling)).facts
                guard facts.isStandby else {
                    return [
                        .warning(
                            "\(Masking.place(of: url)) is no standby",
                            do: "name a standby in RPCD_DATABASE_REPLICA_URL, or none")
                    ]
                }
                return [.ok("PostgreSQL \(facts.version.prefix { $0 != " " }) at \(Masking.place(of: url))")]
            } catch let error as PostgresError {
                return [
                    .warning(
                        "\(Masking.place(of: url)) cannot be reached: \(error.message)",
                        do:
                            "see whether it runs and RPCD_DATABASE_REPLICA_URL is right; until then the primary serves lists"
                    )
                ]
            }
        }
    }

    /// What a server says.
    struct Answer {
        let facts: DatabaseFacts
        /// By how many microseconds its clock is ahead of ours.
        let difference: Int64
        /// Whether no pooler is between.
        let isDirect: Bool
    }

    func ask(_ server: Server) throws -> Answer {
        let session = try Session(server, timeoutNanoseconds: nanoseconds)
        // Once before, so that preparing the statement is not in the time of the second.
        let isDirect = try session.transaction(within: UInt64(seconds)) { tx in
            _ = try tx.one(DatabaseFacts.get)
            return try tx.isDirect()
        }
        let before = Timestamp.now
        let facts = try session.transaction(within: UInt64(seconds)) { try $0.one(DatabaseFacts.get) }
        return Answer(
            facts: facts, difference: Doctor.difference(of: facts.clock, from: before, to: .now),
            isDirect: isDirect)
    }

    /// Nothing as long as it lies between the two.
    static func difference(of clock: Timestamp, from before: Timestamp, to after: Timestamp) -> Int64 {
        if clock < before { return clock.microseconds - before.microseconds }
        return clock > after ? clock.microseconds - after.microseconds : 0
    }

    static func judge(_ facts: DatabaseFacts, clockDifference: Int64, needed: Int) -> [Finding] {
        var findings: [Finding] = []
        if facts.versionNumber < oldest {
            findings.append(
                .failure("PostgreSQL \(facts.version) is too old", do: "install PostgreSQL 15 or newer"))
        }
        if facts.isStandby {
            findings.append(
                .failure(
                    "this server is a standby and takes no changes",
                    do:
                        "name every host in RPCD_DATABASE_URL, with target_session_attrs=read-write, or promote it"
                ))
        }
        if facts.encoding != "UTF8" {
            findings.append(
                .failure(
                    "the encoding of \(facts.database) is \(facts.encoding)",
                    do: "make the database anew with ENCODING 'UTF8'; rpcd restore fills it"))
        }
        if Int64(needed) > facts.connections {
            findings.append(
                .failure(
                    "a daemon may open \(needed) connections, and \(facts.user) may have \(facts.connections)",
                    do: "lower RPCD_POOL_SIZE, or raise max_connections"))
        } else if Int64(needed) * 5 > facts.connections * 4 {
            findings.append(
                .warning(
                    "a daemon may open \(needed) of \(facts.connections) connections: there is hardly room for another",
                    do:
                        "lower RPCD_POOL_SIZE, raise max_connections, or put a pooler between (docs/scaling.md)"
                ))
        }
        findings += judge(clockOf: "the database", clockDifference)
        return findings.orElse(
            .ok(
                "PostgreSQL \(facts.version.prefix { $0 != " " }), database \(facts.database), as \(facts.user), \(needed) of \(facts.connections) connections"
            ))
    }

    static func judge(clockOf name: String, _ difference: Int64) -> [Finding] {
        guard abs(difference) > clockToleranceMicroseconds else { return [] }
        let seconds = abs(difference) / 1_000_000
        return [
            .failure(
                "the clock of \(name) is \(seconds) seconds \(difference > 0 ? "ahead of" : "behind") this host's",
                do: "let both keep time by NTP: timedatectl set-ntp true")
        ]
    }

    func roles() async throws -> [Finding] {
        guard let server = try? settings.server() else { return Doctor.noDatabase }
        return try await onOwnThread {
            guard let session = try? Session(server, timeoutNanoseconds: nanoseconds) else {
                return Doctor.databaseIsAway
            }
            let (roles, isBound, mayMaintain) = try session.transaction(within: UInt64(seconds)) { tx in
                (
                    try tx.all(DatabaseFacts.listRoles), try tx.one(Tenancy.isBound),
                    try tx.one(DatabaseFacts.mayMaintain)
                )
            }
            guard roles.count == 2 else {
                return [
                    .failure(
                        "the roles \(Tenancy.daemonRole) and rpcd_maintenance are not both there",
                        do: "run rpcd migrate up as a role with CREATEROLE")
                ]
            }
            var findings: [Finding] = []
            if !isBound {
                findings.append(
                    .failure(
                        "row level security does not bind this role",
                        do:
                            "connect as \(Tenancy.daemonRole), or a member of it: not as the owner of the tables"
                    ))
            }
            if !mayMaintain {
                findings.append(
                    .failure(
                        "this role is no member of rpcd_maintenance",
                        do: "connect as \(Tenancy.daemonRole), or a member of it that may SET ROLE"))
            }
            return findings.orElse(.ok("row level security binds the connection"))
        }
    }

    func migrations() async throws -> [Finding] {
        guard (try? settings.server()) != nil else { return Doctor.noDatabase }
        return try await onOwnThread {
            let standing: Migrator.Standing
            do {
                standing = try Daemon.migrator(settings).standing()
            } catch is PostgresError {
                return Doctor.databaseIsAway
            }
            return Doctor.judge(standing, of: "").orElse(.ok("up to date"))
        }
    }

    /// - Parameter store: as " of analytics".
    static func judge(_ standing: Migrator.Standing, of store: String) -> [Finding] {
        switch standing {
        case .upToDate: []
        case .behind(let count):
            [.failure("\(count) migrations\(store) are missing", do: "run rpcd migrate up")]
        case .ahead(breaking: nil):
            [
                .warning(
                    "the schema\(store) is of a newer release, beside which this one serves",
                    do: "install that release when the upgrade comes to this host")
            ]
        case .ahead(breaking: let version?):
            [
                .failure(
                    "the schema\(store) is of a newer release, and its migration \(version) is not for this one",
                    do: "install that release, or take its migrations back with it: rpcd migrate down")
            ]
        case .changed(let version):
            [
                .failure(
                    "migration \(version)\(store) has changed since it was applied",
                    do: "restore the file from the package")
            ]
        }
    }

    func sealed() async throws -> [Finding] {
        guard let server = try? settings.server() else { return Doctor.noDatabase }
        guard let keys = try? KeyFiles.masterKeys(settings) else {
            return [.skipped("there is no ring to look into")]
        }
        let pool = Pool(
            PoolConfiguration(server: server, size: 1, connectTimeoutNanoseconds: nanoseconds))
        defer { pool.close(within: 0) }
        let rotation = KeyRotation(pool: pool, masterKeys: try WatchedKeys(keys))
        do {
            let usage = try await rotation.usage(Unattended(seconds: UInt64(seconds)))
            let others = try await rotation.mismatched(Unattended(seconds: UInt64(seconds)))
            return Doctor.judge(usage, ring: keys, mismatched: others)
        } catch is PostgresError {
            return [.skipped("the database tells nothing of what is sealed; see database, roles, migrations")]
        }
    }

    static func judge(_ usage: [KeyRotation.Usage], ring: NumberedKeys, mismatched: [Int64]) -> [Finding] {
        let missing = usage.filter { !ring.numbers.contains($0.keyVersion) }.map { use in
            Finding.failure(
                "master key \(use.keyVersion) is not in the ring: \(use.credentials) credentials, \(use.webhooks) webhooks, \(use.mails) mails and \(use.outcomes) idempotency keys open with no other",
                do:
                    "add its line to RPCD_MASTER_KEY_FILE, from the copy that is kept apart, or from a backup's keys"
            )
        }
        let other = mismatched.map { number in
            Finding.refusal(
                SettingError(
                    "RPCD_MASTER_KEY_FILE",
                    because: "master key \(number) of the ring is another one than the database knows"),
                do: "put the right one in its place: what is sealed opens with that alone")
        }
        return (missing + other).orElse(
            .ok("key \(ring.current) seals, \(ring.numbers.count) in the ring, none is missing"))
    }

    static let noDatabase = [Finding.skipped("there is no database to ask: RPCD_DATABASE_URL")]
    static let databaseIsAway = [Finding.skipped("the database cannot be asked; see database")]
}
