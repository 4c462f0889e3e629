/// One statement of a migration, as far as a check has to know it.
struct MigrationStatement: Equatable {
    /// In upper case, save names in double quotes: without comments, and of texts in quotes and functions nothing but the quotes.
    let words: [String]
    /// Whether a comment before it says that it may.
    let isPardoned: Bool
    /// Whether it stands in the body of a DO.
    let isOfBlock: Bool

    private static let pardon = "-- migrate:allow "

    static func isPardon(_ line: some StringProtocol) -> Bool {
        line.hasPrefix(pardon) && line.count > pardon.count
    }

    /// The name in `CREATE INDEX CONCURRENTLY`, unquoted ones in capitals; nil for any other statement, and where there is none.
    static func indexMade(_ words: [String]) -> String? {
        guard words.first == "CREATE", let start = words.firstIndex(of: "CONCURRENTLY"),
            words[..<start].contains("INDEX")
        else { return nil }
        let name = words[(start + 1)...].first { !["IF", "NOT", "EXISTS"].contains($0) }
        return name == "ON" ? nil : name
    }

    /// In their order; of a DO the statements of its body.
    static func all(of sql: String) -> [MigrationStatement] {
        var reader = Reader(rest: Substring(sql))
        return reader.read()
    }

    private struct Reader {
        var rest: Substring
        /// Of the statement that is being read.
        var bare = ""
        var bodies: [String] = []
        var isPardoned = false
        var found: [MigrationStatement] = []

        mutating func read() -> [MigrationStatement] {
            while let character = rest.first {
                if rest.hasPrefix("--") {
                    let line = rest.prefix { $0 != "\n" }
                    isPardoned = isPardoned || isPardon(line)
                    rest = rest[line.endIndex...]
                } else if rest.hasPrefix("/*") {
                    _ = take(until: "*/", past: 2)
                } else if character == "$", let tag {
                    bodies.append(take(until: tag, past: tag.count))
                    bare += "''"
                } else if character == "'" {
                    bodies.append(take(until: "'", past: 1))
                    bare += "''"
                } else if character == "\"" {
                    bare += "\"" + take(until: "\"", past: 1) + "\""
                } else if character == ";" {
                    rest = rest.dropFirst()
                    finish()
                } else {
                    bare.append(character)
                    rest = rest.dropFirst()
                }
            }
            finish()
            return found
        }

        /// `$$`, `$name$`, where one begins here.
        private var tag: String? {
            let name = rest.dropFirst().prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            guard name.endIndex < rest.endIndex, rest[name.endIndex] == "$", name.first?.isNumber != true
            else { return nil }
            return "$\(name)$"
        }

        /// What stands between here and the next `end`, which is passed over.
        private mutating func take(until end: String, past count: Int) -> String {
            rest = rest.dropFirst(count)
            var text = ""
            while let character = rest.first, !rest.hasPrefix(end) {
                text.append(character)
                rest = rest.dropFirst()
            }
            rest = rest.dropFirst(end.count)
            return text
        }

        private mutating func finish() {
            let words = bare.replacing("(", with: " (").split { $0.isWhitespace }.map {
                $0.contains("\"") ? String($0) : $0.uppercased()
            }
            if words.first == "DO" {
                for inner in bodies.flatMap({ MigrationStatement.all(of: $0) }) {
                    found.append(
                        MigrationStatement(
                            words: inner.words, isPardoned: isPardoned || inner.isPardoned, isOfBlock: true))
                }
            } else if !words.isEmpty {
                found.append(MigrationStatement(words: words, isPardoned: isPardoned, isOfBlock: false))
            } else {
                // Nothing but blanks and comments: what was said is for the next one.
                return
            }
            (bare, bodies, isPardoned) = ("", [], false)
        }
    }
}
