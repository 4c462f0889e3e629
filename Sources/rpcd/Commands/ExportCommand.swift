import ArgumentParser
import Glibc
import JSON
import Services
import Tabular

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes the records of a workspace, oldest first.",
        discussion: """
            CSV: the externalId and a column for each field that any record has, for which all are read twice; --fields names them instead.
            Cells that a spreadsheet would run as a formula get a ' before them. NDJSON: a record a line, with numbers and texts told apart.
                rpcd export --workspace W --filter city=Rome --output people.csv
            A filter's value is text; with := it is JSON, as age:=36. A token may be given by the variable RPCD_TOKEN.
            Exit status: 0 when all is written, 1 when something failed, 2 when the daemon cannot be reached.
            """)

    @Option(help: "The workspace's id.")
    var workspace: String

    @Option(help: "csv or ndjson. By the name of --output when left out, else csv.")
    var format: RecordsFormat?

    @Option(
        name: .customLong("filter"),
        help: ArgumentHelp("Only records with this value, up to five times.", valueName: "field=value"))
    var filters: [String] = []

    @Option(help: ArgumentHelp("Of CSV: the columns after externalId.", valueName: "field,field"))
    var fields: String?

    @Option(help: "Of CSV: comma, semicolon or tab.")
    var delimiter: CSVDelimiter = .comma

    @Flag(help: "Of CSV: write cells as they are, also those that a spreadsheet would run.")
    var raw = false

    @Option(
        help: "The file, which is there when all is written. Standard output when left out.",
        completion: .file())
    var output: String?

    @Option(help: "The daemon's socket: RPCD_SOCKET, .rpcd/rpcd.sock or /run/rpcd/rpcd.sock when left out.")
    var socket: String?

    @Option(help: "An access token, or an API key. The operator needs none.")
    var token: String?

    private static let mostColumns = 10_000
    private static let pieceBytes = 256 * 1024

    func validate() throws { _ = try filter() }

    func run() async throws {
        let token = AccessToken.given(token)
        AccessToken.hide()
        try await reporting {
            let link = try DaemonLink(path: DaemonCall.socketPath(socket), token: token)
            let format = format ?? .of(output)
            let (columns, count) = format == .csv ? try await columns(link) : ([], nil)
            // Beside it, and renamed: the file is whole, or the one of before.
            let file = try output.map { try OutputFile(at: $0 + ".part") } ?? OutputFile()
            let written = try await write(format, columns, count, link, to: file)
            if let output {
                try file.sync()
                guard rename(output + ".part", output) == 0 else { throw OutputFile.failure(output) }
            }
            StandardError.write("rpcd: \(written) records\n")
        }
    }

    // MARK: what is written

    private func write(
        _ format: RecordsFormat, _ columns: [String], _ total: Int?, _ link: DaemonLink, to file: OutputFile
    ) async throws -> Int {
        let progress = ProgressLine(unit: "records", total: total)
        let pages = RecordPages(link, workspace: workspace, filter: try filter())
        let writer = CSVWriter(delimiter: delimiter, neutralisesFormulas: !raw)
        var bytes: [UInt8] = []
        if format == .csv { writer.append([ColumnMapping.externalID] + columns, to: &bytes) }
        var count = 0
        while let records = try await pages.next() {
            for record in records.elements {
                guard let id = record["externalId"], let fields = record["fields"] else { continue }
                if format == .csv {
                    writer.append(ExportCommand.cells(id, fields, columns), to: &bytes)
                } else {
                    NDJSONWriter.append(to: &bytes) { writer in
                        writer.beginObject()
                        writer.key("externalId")
                        writer.value(id)
                        writer.key("fields")
                        writer.value(fields)
                        writer.endObject()
                    }
                }
            }
            count += records.count
            if bytes.count >= ExportCommand.pieceBytes {
                try file.write(bytes)
                bytes.removeAll(keepingCapacity: true)
            }
            progress.update(done: count, count: count)
        }
        try file.write(bytes)
        progress.clear()
        return count
    }

    private static func cells(_ id: JSON, _ fields: JSON, _ columns: [String]) -> [String] {
        var values: [String: String] = [:]
        for (name, value) in fields.members {
            values[name.string ?? ""] = value.string ?? value.source
        }
        return [id.string ?? ""] + columns.map { values[$0] ?? "" }
    }

    /// The fields that there are, by name, and in how many records; or those that were asked for.
    private func columns(_ link: DaemonLink) async throws -> ([String], Int?) {
        if let fields { return (fields.split(separator: ",").map(String.init), nil) }
        let progress = ProgressLine(unit: "records looked at for their fields", total: nil)
        let pages = RecordPages(link, workspace: workspace, filter: try filter())
        var names: Set<String> = []
        var count = 0
        while let records = try await pages.next() {
            for record in records.elements {
                guard let fields = record["fields"] else { continue }
                for (name, _) in fields.members { names.insert(name.string ?? "") }
            }
            guard names.count <= ExportCommand.mostColumns else {
                throw CommandFailure(
                    "The records have more than \(ExportCommand.mostColumns) different fields; name those you want with --fields, or use --format ndjson"
                )
            }
            count += records.count
            progress.update(done: count, count: count)
        }
        progress.clear()
        return (names.sorted(), count)
    }

    /// - Throws: `ValidationError` for what is no filter.
    private func filter() throws -> [UInt8]? {
        guard !filters.isEmpty else { return nil }
        var writer = JSONWriter()
        writer.beginObject()
        for filter in filters {
            guard let equals = filter.firstIndex(of: "=") else {
                throw ValidationError("--filter \(filter): takes FIELD=VALUE, or FIELD:=JSON")
            }
            let name = filter[..<equals]
            let text = String(filter[filter.index(after: equals)...])
            guard name.hasSuffix(":") else {
                writer.key(String(name))
                writer.string(text)
                continue
            }
            guard let value = try? JSON.parse(text) else {
                throw ValidationError("--filter \(filter): what stands behind := is not JSON")
            }
            writer.key(String(name.dropLast()))
            writer.value(value)
        }
        writer.endObject()
        return writer.bytes
    }
}
