import Synchronization

/// Looks at everything that a daemon needs, one thing beside the other. It changes nothing, and works where nothing else does.
struct Doctor: Sendable {
    /// One thing to look at. The documentation is read from these.
    struct Check: Sendable {
        let name: String
        /// What is looked at.
        let summary: String
        let run: @Sendable (Doctor) async throws -> [Finding]
    }

    /// What came of a check.
    struct Examined: Sendable {
        let name: String
        let findings: [Finding]
    }

    let reading: Settings.Reading
    /// Of `rpcd dev`, where that is meant.
    let dataDir: String?
    /// Of the service manager.
    let unit: String
    /// For each check.
    let seconds: Int

    var settings: Settings { reading.settings }
    var milliseconds: Int { seconds * 1000 }
    var nanoseconds: UInt64 { UInt64(seconds) * 1_000_000_000 }

    static let checks: [Check] = [
        Check(
            name: "configuration",
            summary:
                "every setting, what does not go together, files of certificates, who may read the file of settings",
            run: { $0.configuration() }),
        Check(
            name: "keys",
            summary:
                "the rings of signing and master keys: there, readable by their owner alone; what is in /etc/credstore, by root",
            run: { try $0.keys() }),
        Check(
            name: "socket", summary: "the folder of the socket: there, ours to write, closed to others",
            run: { $0.socket() }),
        Check(
            name: "database",
            summary:
                "reachable, PostgreSQL 15 or newer, takes changes, UTF-8, room for all connections, its clock",
            run: { try await $0.database() }),
        Check(
            name: "roles",
            summary: "that both roles are there and row level security binds the daemon",
            run: { try await $0.roles() }),
        Check(
            name: "migrations", summary: "that the schema is this release's",
            run: { try await $0.migrations() }),
        Check(
            name: "replica", summary: "reachable, and a standby", run: { try await $0.replica() }),
        Check(
            name: "sealed", summary: "that the ring has every master key that something is sealed under",
            run: { try await $0.sealed() }),
        Check(
            name: "analytics",
            summary: "its store: reachable, its version, its schema, its clock, an instance of its own",
            run: { try await $0.analytics() }),
        Check(name: "redis", summary: "reachable, version 7 or newer", run: { try await $0.redis() }),
        Check(
            name: "providers", summary: "that each file of the folder is a manifest", run: { $0.providers() }),
        Check(
            name: "mail", summary: "that the server answers, and whom mails are from",
            run: { try await $0.mail() }),
        Check(
            name: "disk",
            summary: "room where data, keys and log are, and PostgreSQL's data, where it is this host's",
            run: { $0.disk() }),
        Check(name: "journal", summary: "that there is one, and that it is kept", run: { $0.journal() }),
        Check(
            name: "systemd", summary: "the unit: Type=notify, a watchdog, that it has not failed",
            run: { try await $0.systemd() }),
        Check(
            name: "daemon", summary: "one that answers, is ready, and is of this version",
            run: { try await $0.daemon() }),
    ]

    /// In the order of ``checks``.
    func examine() async -> [Examined] {
        await withTaskGroup(of: (Int, Examined).self) { group in
            for (index, check) in Doctor.checks.enumerated() {
                group.addTask { (index, Examined(name: check.name, findings: await findings(of: check))) }
            }
            var all: [(Int, Examined)] = []
            for await one in group { all.append(one) }
            return all.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    /// When its time is over the check is left alone: a host that does not answer holds up nothing.
    private func findings(of check: Check) async -> [Finding] {
        await withCheckedContinuation { continuation in
            let first = FirstAnswer(continuation)
            Task {
                do {
                    first.give(try await check.run(self))
                } catch {
                    first.give([.failure("\(error)", do: "run it as the user that the daemon runs as")])
                }
            }
            Task {
                try? await Task.sleep(for: .milliseconds(milliseconds + 500))
                first.give([
                    .failure(
                        "no answer within \(seconds) seconds",
                        do:
                            "see whether the host is up and the network lets connections pass; --timeout gives it longer"
                    )
                ])
            }
        }
    }
}

/// Of several answers the first counts.
private final class FirstAnswer: Sendable {
    private let waiting: Mutex<CheckedContinuation<[Finding], Never>?>

    init(_ continuation: CheckedContinuation<[Finding], Never>) {
        waiting = Mutex(continuation)
    }

    func give(_ findings: [Finding]) {
        waiting.withLock { $0.take() }?.resume(returning: findings)
    }
}
