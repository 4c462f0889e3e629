import ArgumentParser
import Glibc
import Identifiers
import Postgres

struct BugReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bugreport",
        abstract: "Writes what others need to help, without secrets, into one file.",
        discussion: """
            A .tar.gz that only its owner can read: versions, settings in force (masked), what rpcd doctor finds, what the daemon says of itself, the
            last lines of the journal, migrations, settings and sizes of the database, statements that run or wait (without their values), system,
            memory and limits of the host. It works without a daemon and without a database, too. Root's, on a host with the package, looks at all
            that in the place of the unit.
            """)

    @Argument(
        help:
            "Where to; rpcd-bugreport-TIME.tar.gz here when left out, standard output for a hyphen. It must not be there.",
        completion: .file())
    var file: String?

    @OptionGroup var subject: DoctorCommand.Subject

    func run() async throws {
        try await reporting {
            let time = Timestamp.now.description.prefix(19).filter { $0.isNumber || $0 == "T" }
            let path = file ?? "rpcd-bugreport-\(time).tar.gz"
            let bytes = try await archive()
            guard path != "-" else { return try BugReportCommand.print(bytes) }
            try PrivateFile.create(path, bytes)
            Swift.print(path)
        }
    }

    private static func print(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(STDOUT_FILENO, $0.baseAddress?.advanced(by: sent), bytes.count - sent)
            }
            guard count > 0 || errno == EINTR else {
                throw CommandFailure("Standard output does not take it")
            }
            sent += max(0, count)
        }
    }

    private static let mostBytes = 64 * 1024 * 1024

    /// The unit's user writes no file here: what it finds comes back, and is this user's.
    private func archive() async throws -> [UInt8] {
        guard let words = subject.place?.words else {
            return try await BugReport(try subject.doctor()).archive()
        }
        var more = ["bugreport", "-", "--unit", subject.unit, "--timeout", "\(subject.timeout)"]
        if let socket = subject.socket { more += ["--socket", socket] }
        var child = ChildProcess(words + more)
        child.environment = environmentForOthers()
        child.keptBytes = BugReportCommand.mostBytes
        child.timeoutNanoseconds = UInt64(subject.timeout + 60) * 1_000_000_000
        let outcome = try await onOwnThread { [child] in child.run() }
        guard let outcome, outcome.status == 0 else {
            let reason = outcome.map { String(decoding: $0.errors, as: UTF8.self) } ?? ""
            throw CommandFailure("In the place of \(subject.unit) there is no report: \(reason)")
        }
        return outcome.output
    }
}
