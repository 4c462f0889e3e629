import ArgumentParser
import Glibc
import JSON
import Tabular

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Puts the rows of a file into a workspace, as records.",
        discussion: """
            CSV: the first row names the columns; each is a field, and one is the externalId. An empty cell says nothing of its field.
            NDJSON: a record a line, as rpcd export writes it, or an object of the externalId and the fields.
                rpcd import people.csv --workspace W --map 'E-Mail=email' --map notes=
            Stopped in the middle, run the same again: it goes on where it was, by a file beside the one that is read. Rows that do not fit
            are told, or kept by --rejects; the others go in. A token may be given by the variable RPCD_TOKEN.
            Exit status: 0 when every row went in, 1 when some did not or something failed, 2 when the daemon cannot be reached.
            """)

    @Argument(help: "The file; - is standard input, which cannot be gone on with.", completion: .file())
    var file: String

    @Option(help: "The workspace's id.")
    var workspace: String

    @Option(help: "csv or ndjson. By the file's name when left out, else csv.")
    var format: RecordsFormat?

    @Option(
        name: .customLong("map"),
        help: ArgumentHelp(
            "What a column is called as a field; nothing leaves it out.", valueName: "column=field"))
    var mappings: [String] = []

    @Option(help: "Of CSV: comma, semicolon or tab. By the first row when left out.")
    var delimiter: CSVDelimiter?

    @Option(
        help: ArgumentHelp("Where rows go that do not fit, with line and reason.", valueName: "file"),
        completion: .file())
    var rejects: String?

    @Option(help: "Rows a call, 1 to 1000.")
    var batch = 1000

    @Flag(help: "Remove fields that a row does not have. Else they stay.")
    var replace = false

    @Flag(help: "Begin anew, wherever an earlier run has stopped.")
    var restart = false

    @Option(help: "The daemon's socket: RPCD_SOCKET, .rpcd/rpcd.sock or /run/rpcd/rpcd.sock when left out.")
    var socket: String?

    @Option(help: "An access token, or an API key. The operator needs none.")
    var token: String?

    func validate() throws {
        guard (1...1000).contains(batch) else { throw ValidationError("--batch takes 1 to 1000") }
        do {
            _ = try ColumnMapping(mappings)
        } catch {
            throw ValidationError("\(error)")
        }
    }

    func run() async throws {
        let token = AccessToken.given(token)
        AccessToken.hide()
        try await reporting {
            let counts = try await run(over: DaemonLink(path: DaemonCall.socketPath(socket), token: token))
            print(counts.description)
            guard counts.rejected == 0 else { throw ExitCode.failure }
        }
    }

    private func run(over link: DaemonLink) async throws -> ImportCounts {
        let isStandardInput = file == "-"
        let descriptor = isStandardInput ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC)
        defer { if !isStandardInput, descriptor >= 0 { close(descriptor) } }
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
            let reason = strerror(errno).map { String(cString: $0) } ?? ""
            throw CommandFailure("\(file) cannot be read: \(reason)")
        }
        var other = stat()
        if let rejects, stat(rejects, &other) == 0, other.st_ino == status.st_ino,
            other.st_dev == status.st_dev
        {
            throw CommandFailure("--rejects \(rejects) is the file that is read")
        }
        guard rejects == nil || rejects != ImportCheckpoint.path(of: file) else {
            throw CommandFailure(
                "--rejects cannot be \(file).rpcd-import: there it is kept how far the import is")
        }
        let isFile = !isStandardInput && status.st_mode & S_IFMT == S_IFREG
        let format = format ?? .of(file)
        var source = try RowSource(
            descriptor, path: file, format: format, delimiter: delimiter, mapping: ColumnMapping(mappings))
        let identity = ImportCheckpoint.FileIdentity(status)
        var start = ImportCheckpoint(file: identity, options: options, position: .start)
        let path = isFile ? ImportCheckpoint.path(of: file) : nil
        if let path, let kept = ImportCheckpoint(at: path), !restart {
            if kept.file == start.file, kept.options == start.options {
                start = kept
                try source.skip(to: kept.position)
                StandardError.write("rpcd: going on at line \(kept.position.line) of \(file)\n")
            } else {
                StandardError.write(
                    "rpcd: \(file) or the options have changed since it was stopped; beginning anew\n")
            }
        }
        let importer = Importer(
            Importer.Plan(
                workspace: workspace, replaces: replace, rowsPerCall: batch, checkpointPath: path),
            source, over: link, from: start,
            rejects: try RejectsFile(at: rejects, format, keeping: start.rejectsBytes),
            progress: ProgressLine(
                unit: "rows", total: isFile ? Int(status.st_size) : nil, done: start.position.offset,
                count: Int(start.counts.rows)))
        do {
            return try await importer.run()
        } catch {
            if path != nil {
                StandardError.write(
                    "rpcd: stopped before line \(importer.line); the same command goes on there\n")
            }
            throw error
        }
    }

    /// What another result would come of.
    private var options: String {
        var writer = JSONWriter()
        writer.beginArray()
        for text in [
            workspace, format?.rawValue ?? "", delimiter.map { "\($0)" } ?? "", replace ? "replace" : "",
            rejects ?? "",
        ] + mappings {
            writer.string(text)
        }
        writer.endArray()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
