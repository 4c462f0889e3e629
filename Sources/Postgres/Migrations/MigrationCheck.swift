/// Looks for statements that would stop a daemon that serves: locks of a table for as long as it is read or written through, and changes that the
/// release before does not survive. A migration has to work beside both releases: it adds first, and a later one takes away what nobody uses any more
/// (expand and contract).
public struct MigrationCheck: Sendable {
    /// One statement that is refused, and what to write instead.
    public struct Hazard: Sendable, Equatable, CustomStringConvertible {
        public let statement: String
        public let advice: String

        fileprivate init(_ words: [String], _ advice: String) {
            statement = words.prefix(8).joined(separator: " ")
            self.advice = advice
        }

        public var description: String { "\(statement): \(advice)" }
    }

    /// What stands in a comment line of a file that may do it all the same: `-- migrate:allow REASON`, as where the table is small or the release
    /// before does not use what goes.
    private static let pardon = "-- migrate:allow "

    /// - Returns: nothing for a file that says why it may.
    public static func hazards(in file: MigrationFile) -> [Hazard] {
        let statements = statements(of: file.up)
        let made = Set(statements.compactMap(tableMade))
        let unmarked = file.breaksBefore > 0 ? [] : statements.filter { takesAway($0, made: made) }
        let hazards = unmarked.map {
            Hazard(
                $0, "releases that know it still must not start on it; say which: -- migrate:breaks-before N")
        }
        let isPardoned = file.text.split(separator: "\n").contains {
            $0.hasPrefix(pardon) && $0.count > pardon.count
        }
        guard !isPardoned else { return hazards }
        return hazards
            + statements.compactMap { words in
                advice(words, made: made, isTransaction: file.isTransaction).map { Hazard(words, $0) }
            }
    }

    private static func takesAway(_ words: [String], made: Set<String>) -> Bool {
        guard words.count > 2, words[1] == "TABLE" else { return false }
        if words[0] == "DROP" { return true }
        let text = words.joined(separator: " ")
        return words[0] == "ALTER" && !made.contains(tableAltered(words))
            && (text.contains("DROP COLUMN") || text.contains("RENAME"))
    }

    private static func tableAltered(_ words: [String]) -> String {
        name(words.dropFirst(2).first { !["IF", "EXISTS", "ONLY"].contains($0) } ?? "")
    }

    private static func advice(_ words: [String], made: Set<String>, isTransaction: Bool) -> String? {
        let text = words.joined(separator: " ")
        func has(_ part: String) -> Bool { text.contains(part) }
        switch words.first {
        case "CREATE" where has(" INDEX "):
            guard let on = words.firstIndex(of: "ON"), on + 1 < words.count else { return nil }
            let table = name(words[on + 1])
            guard !made.contains(table), !has(" CONCURRENTLY ") else { return nil }
            return
                "writers of \(table) wait until it is built; use CREATE INDEX CONCURRENTLY IF NOT EXISTS in a file with -- migrate:alone"
        case "DROP" where has("DROP TABLE") || has("DROP COLUMN"):
            return
                "the release before may still use it; take it away in the release after the next, and say so"
        case "DROP" where has("DROP INDEX") && !has("CONCURRENTLY"):
            return
                "it waits for everybody; use DROP INDEX CONCURRENTLY IF EXISTS in a file with -- migrate:alone"
        case "ALTER" where words.count > 2 && words[1] == "TABLE":
            let table = tableAltered(words)
            return made.contains(table) ? nil : alteration(text, of: table)
        case "UPDATE", "DELETE":
            return "every row that it touches is locked until it ends; do it in batches from the daemon"
        case "VACUUM", "CLUSTER", "REINDEX", "LOCK", "TRUNCATE":
            return "it locks the table against everybody"
        default: return nil
        }
    }

    private static func alteration(_ text: String, of table: String) -> String? {
        func has(_ part: String) -> Bool { text.contains(part) }
        if has(" TYPE ") {
            return "\(table) is rewritten under a lock; add a column beside it and fill that in batches"
        }
        if has("SET NOT NULL"), !has("USING") {
            return
                "\(table) is read through under a lock; add CHECK (… IS NOT NULL) NOT VALID, and validate it by itself"
        }
        if has("ADD CONSTRAINT") || has("ADD FOREIGN KEY") || has("ADD CHECK") || has(" REFERENCES "),
            !has("NOT VALID"),
            !has("USING INDEX")
        {
            return
                "\(table) is read through under a lock; add it NOT VALID, and VALIDATE CONSTRAINT in a file of its own"
        }
        if has("ADD UNIQUE") || has("ADD PRIMARY KEY") {
            return "an index is built under a lock; build it CONCURRENTLY and add the constraint USING INDEX"
        }
        if has("ADD COLUMN"),
            ["RANDOM", "CLOCK_TIMESTAMP", "NEXTVAL", "IDENTITY", "SERIAL", "GENERATED"].contains(where: has)
        {
            return
                "\(table) is rewritten under a lock; add the column without it, fill it in batches, then set the default"
        }
        if has("ADD COLUMN"), has("NOT NULL"), !has("DEFAULT") {
            return "rows that are there have no value; give it a DEFAULT"
        }
        if has("RENAME") || has("DROP COLUMN") {
            return "the release before knows it by this name; add, copy, and take away in a later release"
        }
        return nil
    }

    private static func tableMade(_ words: [String]) -> String? {
        guard words.starts(with: ["CREATE", "TABLE"]) else { return nil }
        return words.dropFirst(2).first { !["IF", "NOT", "EXISTS"].contains($0) }.map(name)
    }

    /// In lower case, without what stands behind it.
    private static func name(_ word: String) -> String { String(word.prefix { $0 != "(" }).lowercased() }

    /// The words of each statement, keywords in upper case: without comments, and of texts in quotes and functions nothing but the quotes.
    private static func statements(of sql: String) -> [[String]] {
        var bare = ""
        var rest = Substring(sql)
        while let character = rest.first {
            if rest.hasPrefix("--") {
                rest = rest.drop { $0 != "\n" }
            } else if rest.hasPrefix("$$") {
                rest = rest.dropFirst(2)
                while !rest.isEmpty, !rest.hasPrefix("$$") { rest = rest.dropFirst() }
                rest = rest.dropFirst(2)
            } else if character == "'" {
                rest = rest.dropFirst().drop { $0 != "'" }.dropFirst()
                bare += "''"
            } else {
                bare.append(character)
                rest = rest.dropFirst()
            }
        }
        return bare.split(separator: ";").map { statement in
            statement.replacing("(", with: " (").split { $0.isWhitespace }.map { $0.uppercased() }
        }.filter { !$0.isEmpty }
    }
}
