import JSON

/// Writes NDJSON: one JSON text a line, LF at the end of each.
public enum NDJSONWriter {
    /// Appends a parsed value, without its blanks, numbers digit for digit.
    public static func append(_ value: JSON, to output: inout [UInt8]) {
        append(to: &output) { $0.value(value) }
    }

    /// Appends the one value that `write` writes. Line ends that come in through `raw` become blanks: in JSON they can
    /// only stand between tokens, so the value is the same.
    public static func append(to output: inout [UInt8], _ write: (inout JSONWriter) throws -> Void) rethrows {
        var writer = JSONWriter()
        try write(&writer)
        let start = output.count
        output.append(contentsOf: writer.bytes)
        for index in start..<output.count
        where output[index] == UInt8(ascii: "\n") || output[index] == UInt8(ascii: "\r") {
            output[index] = UInt8(ascii: " ")
        }
        output.append(UInt8(ascii: "\n"))
    }
}
