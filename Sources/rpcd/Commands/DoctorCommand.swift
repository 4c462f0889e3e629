import ArgumentParser
import JSON

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Looks at everything that a daemon needs, and says what to do.",
        discussion: """
            Configuration, keys, socket, database, schema, the other stores, mail, disk, the service manager, a daemon that runs; side by side, each
            within its time, without changing anything. Run it as the daemon's user, with its environment; root's, on a host with the package, runs
            in the place of the unit: with its user, settings and credentials.
            Exit status: 0 when all is well, 3 with warnings alone, 1 with a failure, 78 when rpcd serve would refuse a setting.
            """)

    @OptionGroup var subject: Subject

    @Flag(help: "As JSON.")
    var json = false

    /// What is looked at.
    struct Subject: ParsableArguments {
        @Option(help: "The folder of rpcd dev, whose database, keys and socket are meant.")
        var dataDir: String?

        @Option(help: "The socket of the daemon; RPCD_SOCKET when left out.")
        var socket: String?

        @Option(help: "The unit of the service manager.")
        var unit = InPlaceOfUnit.daemon

        @Option(help: "Seconds for each check.")
        var timeout = 5

        func validate() throws {
            guard (1...300).contains(timeout) else {
                throw ValidationError("--timeout takes 1 to 300 seconds")
            }
        }

        /// Where the unit's credentials are, unless a folder says what is meant.
        var place: InPlaceOfUnit? { dataDir == nil ? InPlaceOfUnit(unit: unit) : nil }

        func doctor() throws -> Doctor {
            var reading = Settings.read()
            if let dataDir { try reading.settings.useDevelopment(folder: dataDir) }
            if let socket { reading.settings.socket = socket }
            return Doctor(reading: reading, dataDir: dataDir, unit: unit, seconds: timeout)
        }
    }

    func run() async throws {
        try await reporting {
            try subject.place?.take()
            let examined = try await subject.doctor().examine()
            if json {
                print(String(decoding: Doctor.json(examined), as: UTF8.self))
            } else {
                print(Doctor.text(examined))
            }
            let status = Doctor.exitStatus(of: examined)
            if status != 0 { throw ExitCode(status) }
        }
    }
}

extension Doctor {
    static func exitStatus(of examined: [Examined]) -> Int32 {
        let findings = examined.flatMap(\.findings)
        if findings.contains(where: \.isConfiguration) { return 78 }
        if findings.contains(where: { $0.standing == .failure }) { return 1 }
        return findings.contains { $0.standing == .warning } ? 3 : 0
    }

    static func text(_ examined: [Examined]) -> String {
        func pad(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(1, width - text.count))
        }
        var lines: [String] = []
        for check in examined {
            for finding in check.findings {
                lines.append(pad(finding.standing.rawValue, 9) + pad(check.name, 15) + finding.text)
                if let advice = finding.advice { lines.append(pad("", 24) + "→ " + advice) }
            }
        }
        let findings = examined.flatMap(\.findings)
        func count(_ standing: Finding.Standing) -> Int { findings.count { $0.standing == standing } }
        lines.append(
            "\(examined.count) checks: \(count(.failure)) failures, \(count(.warning)) warnings")
        return lines.joined(separator: "\n")
    }

    static func json(_ examined: [Examined]) -> [UInt8] {
        JSONWriter.object { writer in
            writer.key("exitStatus")
            writer.int(exitStatus(of: examined))
            writer.key("checks")
            writer.beginArray()
            for check in examined {
                for finding in check.findings {
                    writer.beginObject()
                    writer.key("check")
                    writer.string(check.name)
                    writer.key("status")
                    writer.string(finding.standing.rawValue)
                    writer.key("text")
                    writer.string(finding.text)
                    writer.key("advice")
                    if let advice = finding.advice { writer.string(advice) } else { writer.null() }
                    writer.endObject()
                }
            }
            writer.endArray()
        }
    }
}
