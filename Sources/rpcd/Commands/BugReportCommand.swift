import ArgumentParser
import Glibc
import Identifiers

struct BugReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bugreport",
        abstract: "Writes what others need to help, without secrets, into one file.",
        discussion: """
            A .tar.gz that only its owner can read: versions, settings in force (masked), what rpcd doctor finds, what the daemon says of itself, the
            last lines of the journal, migrations, settings and sizes of the database, statements that run or wait (without their values), system,
            memory and limits of the host. It works without a daemon and without a database, too.
            """)

    @Argument(
        help: "Where to; rpcd-bugreport-TIME.tar.gz here when left out. It must not be there.",
        completion: .file())
    var file: String?

    @OptionGroup var subject: DoctorCommand.Subject

    func run() async throws {
        try await reporting {
            let time = Timestamp.now.description.prefix(19).filter { $0.isNumber || $0 == "T" }
            let path = file ?? "rpcd-bugreport-\(time).tar.gz"
            let bytes = try await BugReport(try subject.doctor()).archive()
            try PrivateFile.create(path, bytes)
            print(path)
        }
    }
}
