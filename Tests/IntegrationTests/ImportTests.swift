import Foundation
import Glibc
import JSON
import Postgres
import TestSupport
import Testing

/// A workspace in a running daemon, and the command as its owner runs it.
private struct Bench {
    let folder: String
    let daemon: (process: ServedProcess, socket: String, http: String)
    let operatorSocket: RawSocket

    init(in folder: String) async throws {
        self.folder = folder
        daemon = try await ServedProcess.dev(in: folder)
        operatorSocket = try RawSocket(path: daemon.socket)
        _ = try await operatorSocket.call(
            "auth.register", #"{"email":"ada@example.org","password":"correct horse battery","name":"Ada"}"#)
    }

    func workspace() async throws -> String {
        let made = try await operatorSocket.call(
            "workspaces.create", #"{"name":"W","ownerEmail":"ada@example.org"}"#)
        return try #require(made["result"]?["id"]?.string)
    }

    func file(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        let path = folder + "/" + name
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    func run(
        _ arguments: [String], input: String = "", token: String? = nil
    ) async throws -> (status: Int32, output: String, errors: String) {
        try await ServedProcess.run(
            "rpcd", arguments + ["--socket", daemon.socket], input: input,
            environment: token.map { ["RPCD_TOKEN": $0] } ?? [:], in: folder)
    }

    /// Every record as a line of NDJSON, sorted.
    func export(_ workspace: String) async throws -> [String] {
        let result = try await run(["export", "--workspace", workspace, "--format", "ndjson"])
        #expect(result.status == 0, "\(result.errors)")
        return result.output.split(separator: "\n").map(String.init).sorted()
    }

    func end() async {
        daemon.process.send(SIGTERM)
        #expect(await daemon.process.end() == 0)
    }
}

@Suite("Records as files")
struct ImportTests {
    /// Rows of which some come again, later, with another city.
    private static func people(_ count: Int) -> (csv: String, lines: [String]) {
        var (csv, cities): (String, [Int: String]) = ("id,city,notes\r\n", [:])
        for number in 0..<count {
            let id = number % 10 == 9 ? number / 2 : number
            let city = "C\(number % 13)"
            cities[id] = city
            csv += #"\#(id),\#(city),"one, ""two""\#n""# + "\r\n"
        }
        let lines = cities.map {
            #"{"externalId":"\#($0)","fields":{"city":"\#($1)","notes":"one, \"two\"\n"}}"#
        }
        return (csv, lines.sorted())
    }

    @Test("An import that is killed goes on where it was, and leaves what one without a kill would")
    func kills() async throws {
        try await withTemporaryFolder { folder in
            let bench = try await Bench(in: folder)
            let workspace = try await bench.workspace()
            let (csv, lines) = ImportTests.people(20_000)
            let file = try bench.file("people.csv", csv.utf8)
            let arguments = [
                "import", file, "--workspace", workspace, "--map", "id=externalId", "--batch", "50",
                "--socket", bench.daemon.socket,
            ]
            let kept = file + ".rpcd-import"
            var lastOffset: Int64 = 0
            var daemon = bench.daemon.process
            for kill in 1...3 {
                let importer = try ServedProcess("rpcd", arguments, in: folder)
                // Where records come again so far behind that several calls are on their way.
                while offset(kept) <= Int64(csv.utf8.count * kill / 5) { await Task.yield() }
                // What is on its way is held up, and lost with the daemon.
                let owner = try SQLConsole(EmbeddedCluster.conninfo(directory: folder))
                owner.run("BEGIN")
                owner.run("SELECT FROM workspaces FOR UPDATE")
                while owner.run("SELECT FROM pg_locks WHERE NOT granted").rows.isEmpty {
                    await Task.yield()
                }
                daemon.send(SIGKILL)
                importer.send(SIGKILL)
                #expect(await importer.end() == -SIGKILL)
                #expect(await daemon.end() == -SIGKILL)
                lastOffset = offset(kept)
                daemon = try await ServedProcess.dev(in: folder).process
            }
            #expect((1..<Int64(csv.utf8.count)).contains(lastOffset))
            let rest = try await ServedProcess.run("rpcd", arguments, in: folder)
            #expect(rest.status == 0, "\(rest.errors)")
            #expect(rest.errors.contains("going on at line"))
            #expect(rest.output.hasPrefix("20000 rows: ") && rest.output.hasSuffix(", 0 rejected\n"))
            #expect(try await bench.export(workspace) == lines)
            #expect(access(kept, F_OK) != 0)
            let again = try await ServedProcess.run("rpcd", arguments, in: folder)
            #expect(again.output.contains("20000 rows: 0 inserted"), "\(again)")
            daemon.send(SIGTERM)
            #expect(await daemon.end() == 0)
        }
    }

    private func offset(_ path: String) -> Int64 {
        (try? Data(contentsOf: URL(fileURLWithPath: path))).flatMap { try? JSON.parse(Array($0)) }?["offset"]?
            .int64 ?? 0
    }

    @Test("A daemon that is killed under an import, and comes back, gets every row once in its place")
    func daemonKilled() async throws {
        try await withTemporaryFolder { folder in
            let bench = try await Bench(in: folder)
            let workspace = try await bench.workspace()
            let (csv, lines) = ImportTests.people(20_000)
            let file = try bench.file("people.csv", csv.utf8)
            let importer = try ServedProcess(
                "rpcd",
                [
                    "import", file, "--workspace", workspace, "--map", "id=externalId", "--batch", "50",
                    "--socket", bench.daemon.socket,
                ], in: folder)
            while offset(file + ".rpcd-import") == 0 { await Task.yield() }
            bench.daemon.process.send(SIGKILL)
            #expect(await bench.daemon.process.end() == -SIGKILL)
            let second = try await ServedProcess.dev(in: folder)
            #expect(await importer.end() == 0, "\(importer.errors)")
            #expect(try await importer.stream.receiveAll().hasPrefix("20000 rows: "))
            #expect(try await bench.export(workspace) == lines)
            second.process.send(SIGTERM)
            #expect(await second.process.end() == 0)
        }
    }

    @Test("Rows that do not fit are kept with line and reason, the others of their calls go in")
    func rejects() async throws {
        try await withTemporaryFolder { folder in
            let bench = try await Bench(in: folder)
            let workspace = try await bench.workspace()
            let long = String(repeating: "x", count: 4097)
            var csv = Array("\u{FEFF}id;E-Mail;=HYPERLINK\na;a@example.org;x\nb;b@example.org\n".utf8)
            csv += Array("c;\(long);=1+1\n;nobody@example.org;\nd;\"two\nlines\";y\n".utf8)
            csv += Array("e;".utf8) + [0xFF, 0xFE] + Array(";z\nf;f@example.org;\"open\n".utf8)
            let file = try bench.file("people.csv", csv)
            let arguments = [
                "import", file, "--workspace", workspace, "--map", "id=externalId", "--map", "E-Mail=email",
                "--rejects", folder + "/rejects.csv",
            ]
            let unnamed = try await bench.run(arguments)
            #expect(unnamed.status == 1 && unnamed.errors.contains("--map '=HYPERLINK=field'"), "\(unnamed)")
            let result = try await bench.run(arguments + ["--map", "=HYPERLINK=note"])
            #expect(result.status == 1, "\(result.errors)")
            #expect(result.output == "7 rows: 2 inserted, 0 updated, 0 unchanged, 5 rejected\n")
            let rejected = try String(contentsOfFile: folder + "/rejects.csv", encoding: .utf8)
            let lines = rejected.components(separatedBy: "\r\n")
            #expect(lines[0] == "line,reason,row")
            #expect(lines[1].hasPrefix(#"3,"2 fields, but the header has 3 columns","b;"#), "\(lines[1])")
            #expect(lines[2].hasPrefix("4,email has to have 0 to 4096 characters,"), "\(lines[2].prefix(99))")
            #expect(lines[3].hasPrefix("5,externalId has to have 1 to 200 characters,"), "\(lines[3])")
            #expect(lines[4].hasPrefix("8,"), "\(lines[4])")
            #expect(lines[5].contains("the file ends inside quotes"), "\(lines[5])")
            #expect(
                try await bench.export(workspace) == [
                    #"{"externalId":"a","fields":{"note":"x","email":"a@example.org"}}"#,
                    #"{"externalId":"d","fields":{"note":"y","email":"two\nlines"}}"#,
                ])

            let ndjson = """
                {"externalId":"n1","fields":{"age":36,"on":true,"name":"é"}}
                {"externalId":"n2","age":1.50,"gone":null}
                [1]
                {"externalId":"n3","fields":{"a":[]}}
                {"externalId":5,"a":1}
                nonsense
                {"externalId":"n2","age":2,"fields":"x"}
                {"externalId":"n4","fields":{},"extra":1}
                """
            let second = try await bench.workspace()
            let piped = try await bench.run(
                [
                    "import", "-", "--workspace", second, "--format", "ndjson", "--rejects",
                    folder + "/rejects.ndjson",
                ], input: ndjson)
            #expect(piped.output == "8 rows: 2 inserted, 1 updated, 0 unchanged, 5 rejected\n", "\(piped)")
            let kept = try String(contentsOfFile: folder + "/rejects.ndjson", encoding: .utf8)
                .split(separator: "\n").map { try JSON.parse(String($0)) }
            #expect(kept.map { $0["line"]?.int64 } == [3, 4, 5, 6, 8])
            #expect(kept[1]["reason"]?.string == "a has to be a string, a number, true or false")
            #expect(kept[1]["row"]?.string == #"{"externalId":"n3","fields":{"a":[]}}"#)
            #expect(
                try await bench.export(second) == [
                    #"{"externalId":"n1","fields":{"on":true,"age":36,"name":"é"}}"#,
                    #"{"externalId":"n2","fields":{"age":2,"fields":"x"}}"#,
                ])
            await bench.end()
        }
    }

    @Test("What is exported comes in again as it was; a spreadsheet runs none of its cells")
    func roundTrip() async throws {
        try await withTemporaryFolder { folder in
            let bench = try await Bench(in: folder)
            let (first, second) = (try await bench.workspace(), try await bench.workspace())
            let texts = [
                "=1+1", "+cmd|' /C calc'!A0", "-5", "@SUM(A1)", "a,b;c\t\"d\"\r\ne", "漢字", " x ", "\u{FEFF}z",
            ]
            var lines = ""
            for number in 0..<2500 {
                let text = JSONWriter.object { writer in
                    writer.key("externalId")
                    writer.string("p\(number)")
                    writer.key("text")
                    writer.string(texts[number % texts.count])
                    writer.key(number % 3 == 0 ? "only.some" : "most")
                    writer.int(number)
                    writer.key("flag")
                    writer.bool(number % 2 == 0)
                }
                lines += String(decoding: text, as: UTF8.self) + "\n"
            }
            let file = try bench.file("people.jsonl", lines.utf8)
            #expect(try await bench.run(["import", file, "--workspace", first]).status == 0)
            let exported = try await bench.export(first)
            #expect(exported.count == 2500)
            let back = try bench.file("back.ndjson", exported.joined(separator: "\n").utf8)
            #expect(try await bench.run(["import", back, "--workspace", second]).status == 0)
            #expect(try await bench.export(second) == exported)

            // CSV knows texts only; written raw, it is the same again.
            let third = try await bench.workspace()
            let output = folder + "/out.csv"
            let raw = try await bench.run(["export", "--workspace", first, "--raw", "--output", output])
            #expect(raw.status == 0 && raw.errors.contains("2500 records"), "\(raw)")
            #expect(access(output + ".part", F_OK) != 0)
            #expect(try await bench.run(["import", output, "--workspace", third]).status == 0)
            let again = try await bench.run(["export", "--workspace", third, "--raw"])
            // Of calls side by side either may be first: the order of rows, and which is the last, is not the same.
            func rows(_ text: String) -> [String] {
                text.trimmingCharacters(in: .newlines).components(separatedBy: "\r\np").sorted()
            }
            #expect(rows(again.output) == rows(try String(contentsOfFile: output, encoding: .utf8)))

            let safe = try await bench.run(
                ["export", "--workspace", first, "--filter", "text==1+1", "--fields", "text"])
            #expect(safe.output.hasPrefix("externalId,text\r\np") && safe.output.contains(",'=1+1\r\n"))
            #expect(!safe.output.contains(",=1+1"))
            let numbers = try await bench.run(
                ["export", "--workspace", first, "--filter", "most:=1", "--filter", "flag:=false", "--raw"])
            #expect(numbers.output == "externalId,flag,most,text\r\np1,false,1,+cmd|' /C calc'!A0\r\n")

            let login = try await bench.operatorSocket.call(
                "auth.login", #"{"email":"ada@example.org","password":"correct horse battery"}"#)
            let token = try #require(login["result"]?["accessToken"]?.string)
            let page = try await RawSocket.http(
                bench.daemon.http, "GET", "/workspaces/\(first)/records?filter=%7B%22most%22%3A1%7D&limit=5",
                headers: ["Authorization: Bearer \(token)"])
            #expect(try JSON.parse(page.body)["data"]?[0]?["externalId"]?.string == "p1", "\(page)")
            await bench.end()
        }
    }

    @Test("Who may not is told so; a file that changed begins anew; without a daemon the exit status is 2")
    func refusals() async throws {
        try await withTemporaryFolder { folder in
            let bench = try await Bench(in: folder)
            let workspace = try await bench.workspace()
            let file = try bench.file("people.csv", "externalId,n\na,1\nb,2\n".utf8)
            func key(_ role: String) async throws -> String {
                let made = try await bench.operatorSocket.call(
                    "apiKeys.create", #"{"workspaceId":"\#(workspace)","name":"k","role":"\#(role)"}"#)
                return try #require(made["result"]?["secret"]?.string)
            }
            let arguments = ["import", file, "--workspace", workspace]
            let refused = try await bench.run(arguments, token: key("viewer"))
            #expect(refused.status == 1 && refused.errors.contains("AUTHORIZATION_ERROR"), "\(refused)")
            let done = try await bench.run(arguments, token: key("member"))
            #expect(done.output == "2 rows: 2 inserted, 0 updated, 0 unchanged, 0 rejected\n", "\(done)")
            let exported = try await bench.run(["export", "--workspace", workspace], token: key("viewer"))
            #expect(exported.output == "externalId,n\r\na,1\r\nb,2\r\n")

            let stale =
                #"{"fileBytes":1,"modifiedNanoseconds":1,"inode":1,"offset":18,"line":3,"options":"[]","rejectsBytes":0}"#
            let kept = try bench.file("people.csv.rpcd-import", stale.utf8)
            let anew = try await bench.run(arguments)
            #expect(anew.errors.contains("beginning anew") && anew.output.contains("2 unchanged"), "\(anew)")
            #expect(access(kept, F_OK) != 0)
            for (arguments, message) in [
                (["import", "gone.csv", "--workspace", workspace], "cannot be read"),
                (arguments + ["--map", "m=x"], "has no column “m”"),
                (arguments + ["--rejects", file], "is the file that is read"),
                (["import", "-", "--workspace", workspace], "the file is empty"),
                (["import", file, "--workspace", "nonsense"], "workspaceId"),
            ] {
                let result = try await bench.run(arguments)
                #expect(result.status == 1 && result.errors.contains(message), "\(result)")
            }
            await bench.end()
            for arguments in [arguments, ["export", "--workspace", workspace]] {
                let result = try await bench.run(arguments)
                #expect(result.status == 2 && result.errors.contains("Is the daemon running?"), "\(result)")
            }
        }
    }

    @Test("However long the file, an import stays within 100 MiB")
    func memory() async throws {
        try await withTemporaryFolder { folder in
            let bench = try await Bench(in: folder)
            let workspace = try await bench.workspace()
            var csv = "externalId,name,email,company,city,phone\n"
            let count = 300_000
            for number in 0..<count {
                csv +=
                    "p\(number),Person \(number),p\(number)@example.org,Company \(number % 5000),Rome,+1555\(number)\n"
            }
            let file = try bench.file("people.csv", csv.utf8)
            let importer = try ServedProcess(
                "rpcd", ["import", file, "--workspace", workspace, "--socket", bench.daemon.socket],
                in: folder)
            let peak = try await onThread { ImportTests.peakKilobytes(of: importer) }
            #expect(await importer.end() == 0, "\(importer.errors)")
            #expect(
                try await importer.stream.receiveAll()
                    == "\(count) rows: \(count) inserted, 0 updated, 0 unchanged, 0 rejected\n")
            #expect((1..<100 * 1024).contains(peak), "\(peak) KiB")
            await bench.end()
        }
    }

    /// The most memory that a process had, until it writes something or ends: the high-water mark is gone with it.
    private static func peakKilobytes(of process: ServedProcess) -> Int {
        var peak = 0
        var output = pollfd(fd: process.stream.descriptor, events: Int16(POLLIN), revents: 0)
        repeat {
            let status = try? String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)
            let line = status?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
            peak = max(peak, line?.split { !$0.isNumber }.first.flatMap { Int($0) } ?? 0)
        } while poll(&output, 1, 20) == 0
        return peak
    }
}
