import ArgumentParser
import JSON

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Shows the settings in force, and checks them.",
        subcommands: [Show.self, Check.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints each setting with its value, and where that comes from.",
            discussion: """
                A line a setting: key, value, origin, with tabs between. The origin is environment, the line of a file, a credential of the service
                manager, or standard. Of values that may hold a password only where they lead is shown. Exit status: 0, or 78 when a value does not fit.
                """)

        @Flag(help: "As JSON.")
        var json = false

        func run() async throws {
            try InPlaceOfUnit(unit: InPlaceOfUnit.daemon).take()
            let reading = Settings.read()
            if json {
                print(String(decoding: reading.json, as: UTF8.self))
            } else {
                for entry in reading.entries {
                    print("\(entry.declaration.key)\t\(entry.shown ?? "")\t\(entry.origin)")
                }
            }
            try ConfigCommand.end(with: reading.errors)
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tells everything for which rpcd serve would refuse the settings.",
            discussion: """
                Values, what does not go together, files of keys and certificates, manifests of providers; it connects nothing: for that there is rpcd
                doctor. A line on standard error for each error. Exit status: 0 when there is none, else 78.
                """)

        @Argument(
            help: "Instead of the file that RPCD_CONFIG names. The environment goes before it all the same.",
            completion: .file())
        var file: String?

        func run() async throws {
            try InPlaceOfUnit(unit: InPlaceOfUnit.daemon).take()
            try ConfigCommand.end(with: Settings.read(file: file).faults())
            print("ok")
        }
    }

    private static func end(with errors: [SettingError]) throws {
        for error in errors { StandardError.write("rpcd: \(error)\n") }
        guard errors.isEmpty else { throw ExitCode(78) }
    }
}

extension Settings.Reading {
    /// What is in force, without secrets.
    var json: [UInt8] {
        JSONWriter.object { writer in
            writer.key("settings")
            writer.beginArray()
            for entry in entries { entry.write(to: &writer) }
            writer.endArray()
            writer.key("errors")
            writer.beginArray()
            for error in errors { writer.string("\(error)") }
            writer.endArray()
        }
    }
}

extension Settings.Entry {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("key")
        writer.string(declaration.key)
        writer.key("value")
        if let shown { writer.string(shown) } else { writer.null() }
        writer.key("origin")
        writer.string(origin.kind)
        switch origin {
        case .file(let path, let line):
            writer.key("path")
            writer.string(path)
            writer.key("line")
            writer.int(line)
        case .credential(let path):
            writer.key("path")
            writer.string(path)
        case .environment, .standard: break
        }
        writer.endObject()
    }
}
