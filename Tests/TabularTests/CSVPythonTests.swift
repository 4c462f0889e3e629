import JSON
import Tabular
import TestSupport
import Testing

/// Python's `csv`, which has read and written everybody's files for twenty years, as the other side.
@Suite("CSV to and from Python")
struct CSVPythonTests {
    /// Runs a script that finds `tables` (of its standard input) and prints JSON.
    private func python(_ script: String, _ input: JSONWriter) async throws -> JSON {
        let frame = """
            import csv, io, json, sys
            csv.field_size_limit(1 << 30)
            tables = json.loads(sys.stdin.buffer.read().decode())
            def read(text, delimiter):
                return [row for row in csv.reader(io.StringIO(text, newline=''), delimiter=delimiter) if row]
            \(script)
            """
        let result = try await ServedProcess.run(
            "/usr/bin/env", ["python3", "-c", frame], input: String(decoding: input.bytes, as: UTF8.self))
        #expect(result.status == 0, "\(result.errors)")
        return try JSON.parse(result.output)
    }

    private func rows(_ table: JSON) -> [[[UInt8]]] {
        table.elements.map { row in row.elements.map { Array(($0.string ?? "").utf8) } }
    }

    @Test("Python reads what the writer writes")
    func written() async throws {
        let tables = Seed.some(300).map { seed in
            var random = seed.generator
            return (seed: seed, table: Table(&random))
        }
        var input = JSONWriter()
        input.beginArray()
        for (index, (_, table)) in tables.enumerated() {
            let delimiter = CSVDelimiter.allCases[index % 3]
            let bytes = table.written(by: CSVWriter(delimiter: delimiter, neutralisesFormulas: false))
            input.string(String(decoding: bytes, as: UTF8.self))
        }
        input.endArray()
        let answer = try await python(
            "print(json.dumps([read(text, ',;\\t'[index % 3]) for index, text in enumerate(tables)]))", input)
        #expect(answer.count == tables.count)
        for (result, (seed, table)) in zip(answer.elements, tables) {
            #expect(rows(result) == ([table.columns] + table.rows).map(bytes), "\(seed)")
        }
    }

    @Test("The reader reads what Python writes, in all its ways")
    func read() async throws {
        let tables = Seed.some(300).map { seed in
            var random = seed.generator
            return (seed: seed, table: Table(&random))
        }
        var input = JSONWriter()
        input.beginArray()
        for (_, table) in tables {
            input.beginArray()
            for row in [table.columns] + table.rows {
                input.beginArray()
                for field in row { input.string(field) }
                input.endArray()
            }
            input.endArray()
        }
        input.endArray()
        let answer = try await python(
            """
            # Before version 3.13 it puts a lone CR in quotes only if its line ends have one.
            ways = [('\\r\\n', csv.QUOTE_MINIMAL), ('\\n', csv.QUOTE_ALL), ('\\r', csv.QUOTE_ALL), ('\\r\\n', csv.QUOTE_NONNUMERIC)]
            files = []
            for index, table in enumerate(tables):
                out = io.StringIO(newline='')
                end, quoting = ways[index % 4]
                csv.writer(out, delimiter=',;\\t'[index % 3], lineterminator=end, quoting=quoting).writerows(table)
                files.append(out.getvalue())
            print(json.dumps(files))
            """, input)
        #expect(answer.count == tables.count)
        for (index, (file, (seed, table))) in zip(answer.elements, tables).enumerated() {
            let items = try CSVReader(delimiter: CSVDelimiter.allCases[index % 3]).reading(
                Array((file.string ?? "").utf8), .random(seed))
            #expect(items.first == .header(bytes(table.columns)), "\(seed)")
            #expect(items.dropFirst().map(\.fields) == table.rows.map(bytes), "\(seed)")
        }
    }

    @Test("Of broken files both make as many rows, and those the reader takes are the same")
    func broken() async throws {
        let files = Seed.some(2_000).map { seed in
            var random = seed.generator
            return garbage(&random, count: .random(in: 0...60, using: &random), textOnly: true)
        }
        var input = JSONWriter()
        input.beginArray()
        for file in files { input.string(String(decoding: file, as: UTF8.self)) }
        input.endArray()
        let answer = try await python("print(json.dumps([read(text, ',') for text in tables]))", input)
        #expect(answer.count == files.count)
        for (file, result) in zip(files, answer.elements) {
            let text = String(decoding: file, as: UTF8.self).debugDescription
            let expected = rows(result)
            let items = try CSVReader(columns: 2, at: .start).reading(file)
            #expect(items.count == expected.count, "\(text)")
            for (item, row) in zip(items, expected) {
                #expect(item.fields == nil || item.fields == row, "\(text)")
                #expect(item.fault != nil || row.count == 2, "\(text)")
            }
        }
    }

    private func bytes(_ row: [String]) -> [[UInt8]] { row.map { Array($0.utf8) } }
}
