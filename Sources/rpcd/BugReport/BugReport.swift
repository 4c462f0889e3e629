import ClickHouse
import Glibc
import Identifiers
import JSON
import Postgres
import Transports

/// Everything that somebody who was not there needs to know, without a secret: a few files of text.
struct BugReport: Sendable {
    let doctor: Doctor
    private let made = Timestamp.now

    init(_ doctor: Doctor) { self.doctor = doctor }

    private static let journalLines = 2000
    private static let mostBytes = 8 * 1024 * 1024

    /// A gzipped archive.
    func archive() async throws -> [UInt8] {
        async let examined = doctor.examine()
        async let database = onOwnThread { self.database() }
        async let daemon = onOwnThread { self.daemon() }
        async let host = onOwnThread { self.host() }
        let checks = await examined
        var files: [(name: String, text: String)] = [
            ("README", readme),
            ("config.json", String(decoding: doctor.reading.json, as: UTF8.self)),
            ("doctor.txt", Doctor.text(checks)),
            ("doctor.json", String(decoding: Doctor.json(checks), as: UTF8.self)),
        ]
        files += try await daemon + database + host
        let redaction = Redaction(doctor.reading)
        let stamp = made.description.prefix(19).filter { $0.isNumber || $0 == "T" }
        var tar = Tar(folder: "rpcd-bugreport-\(stamp)", seconds: made.seconds)
        for (name, text) in files {
            tar.add(name, redaction.applied(to: Array((text + "\n").utf8.prefix(BugReport.mostBytes))))
        }
        guard let bytes = await Gzip.compress(tar.finished) else {
            throw CommandFailure("There is no memory for the report")
        }
        return bytes
    }

    private var readme: String {
        """
        rpcd \(Release.version) (\(Release.commit)), \(made), uid \(geteuid())

        config.json     every setting in force and where it comes from; what may hold a password says only where it leads
        doctor.*        what rpcd doctor found
        daemon-*        what the daemon says of itself; what it cannot say is said instead
        journal.txt     the last \(BugReport.journalLines) lines of \(doctor.unit)
        database-*      migrations, settings, sizes of tables, what runs and what waits for whom; statements without their values
        host-*          system, memory, limits, the unit

        Known secrets have been looked for in all of it and taken out. Look yourself before you hand it on.
        """
    }

    // MARK: the daemon

    private func daemon() -> [(name: String, text: String)] {
        [
            ("daemon-version.json", "system.version", nil), ("daemon-ready.json", "system.ready", nil),
            ("daemon-limits.json", "system.limits", nil), ("daemon-metrics.txt", "system.metrics", "text"),
        ].map { (name: String, method: String, member: String?) in
            (name, saying { try ask(method, member) })
        }
    }

    private func ask(_ method: String, _ member: String?) throws -> String {
        let connection = try UnixSocketClient(
            path: doctor.settings.socket, timeoutSeconds: max(1, doctor.seconds))
        let answer = try Doctor.call(method, on: connection)
        if let member, let text = answer["result"]?[member]?.string { return text }
        return (answer["result"] ?? answer["error"] ?? answer).source
    }

    // MARK: the database

    private func database() -> [(name: String, text: String)] {
        let settings = doctor.settings
        let seconds = UInt64(doctor.seconds)
        var files: [(name: String, text: String)] = []
        files.append(
            (
                "database-migrations.txt",
                saying {
                    try Daemon.migrator(settings).status().map {
                        "\($0.version)\t\($0.name)\t\($0.isApplied ? "applied" : "pending")"
                    }.joined(separator: "\n")
                }
            ))
        func asking(_ head: String, _ ask: (borrowing Transaction) throws -> [String]) -> String {
            saying {
                let session = try Session(settings.server(), timeoutNanoseconds: doctor.nanoseconds)
                return ([head] + (try session.transaction(within: seconds, ask))).joined(separator: "\n")
            }
        }
        files.append(
            (
                "database-settings.txt",
                asking("name\tsetting\tsource") { try $0.all(BugReportFacts.listSettings) }
            ))
        files.append(
            (
                "database-tables.txt",
                asking("table\tbytes\trows\tdead rows\tvacuumed\tanalysed") {
                    try $0.all(BugReportFacts.listTables)
                }
            ))
        files.append(
            (
                "database-activity.txt",
                asking("pid\tstate\twaits for\tseconds\tblocked by\tstatement") { tx in
                    try tx.all(BugReportFacts.listActivity).map { row in
                        let blockers = row.blockedBy.map(String.init).joined(separator: ",")
                        return
                            "\(row.pid)\t\(row.state)\t\(row.wait)\t\(row.seconds)\t\(blockers)\t\(SQLShape.of(row.query))"
                    }
                }
            ))
        return files
    }

    // MARK: the host

    private func host() -> [(name: String, text: String)] {
        let cgroup = cgroup()
        let limits = ["memory.max", "memory.high", "memory.current", "cpu.max", "pids.max", "pids.current"]
        return [
            (
                "host-system.txt",
                [
                    file("/etc/os-release"), file("/proc/version"),
                    "processors \(sysconf(Int32(_SC_NPROCESSORS_ONLN)))", file("/proc/loadavg"),
                    file("/proc/uptime"),
                ].joined(separator: "\n")
            ),
            ("host-memory.txt", file("/proc/meminfo")),
            (
                "host-limits.txt",
                ([file("/proc/self/limits"), "cgroup \(cgroup)"]
                    + limits.map { "\($0) \(file(cgroup + "/" + $0))" }).joined(separator: "\n")
            ),
            (
                "host-unit.txt",
                output([
                    "/usr/bin/systemctl", "show", doctor.unit,
                    "--property=LoadState,ActiveState,SubState,Result,NRestarts,MainPID,ActiveEnterTimestamp,MemoryCurrent,MemoryMax,TasksCurrent,TasksMax,LimitNOFILE,WatchdogUSec,Type,FragmentPath,DropInPaths",
                ])
            ),
            (
                "journal.txt",
                output([
                    "/usr/bin/journalctl", "--unit", doctor.unit, "--lines", "\(BugReport.journalLines)",
                    "--no-pager", "--output", "short-iso",
                ])
            ),
        ]
    }

    /// Of this process, cgroup v2.
    private func cgroup() -> String {
        let line = file("/proc/self/cgroup").split(separator: "\n").first { $0.hasPrefix("0::") }
        return "/sys/fs/cgroup" + (line.map { String($0.dropFirst(3)) } ?? "")
    }

    private func file(_ path: String) -> String {
        guard let bytes = readFile(path, limit: 1_048_576) else { return "\(path) cannot be read" }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func output(_ words: [String]) -> String {
        var child = ChildProcess(words)
        child.environment = environmentForOthers()
        child.keptBytes = BugReport.mostBytes
        child.timeoutNanoseconds = doctor.nanoseconds
        guard access(words[0], X_OK) == 0, let outcome = child.run() else {
            return "\(words[0]) is not here"
        }
        return String(decoding: outcome.output + outcome.errors, as: UTF8.self)
    }

    /// The text, or why there is none.
    private func saying(_ body: () throws -> String) -> String {
        do { return try body() } catch { return "not told: \(error)" }
    }
}
