import ArgumentParser
import Tabular

/// How records stand in a file.
enum RecordsFormat: String, ExpressibleByArgument, CaseIterable {
    case csv, ndjson

    /// By the name of the file, where nothing was said.
    static func of(_ path: String?) -> RecordsFormat {
        let isLines = [".ndjson", ".jsonl", ".json"].contains { path?.lowercased().hasSuffix($0) == true }
        return isLines ? .ndjson : .csv
    }
}

extension CSVDelimiter: ExpressibleByArgument {
    /// As `,`, `;` and a tab, or by name.
    public init?(argument: String) {
        switch argument {
        case ",", "comma": self = .comma
        case ";", "semicolon": self = .semicolon
        case "\t", "\\t", "tab": self = .tab
        default: return nil
        }
    }

    public static var allValueStrings: [String] { ["comma", "semicolon", "tab"] }

    public var defaultValueDescription: String { "\(self)" }
}
