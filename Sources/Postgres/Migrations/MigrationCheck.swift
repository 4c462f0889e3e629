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

    /// The last file of before there was a release: nobody served while those were applied.
    public static let baseline = 21

    /// What a statement may begin with that is looked at, also in the body of a DO.
    private static let suspects: Set<String> = [
        "CREATE", "DROP", "ALTER", "UPDATE", "DELETE", "VACUUM", "CLUSTER", "REINDEX", "LOCK", "TRUNCATE",
        "EXECUTE",
    ]

    /// A comment line `-- migrate:allow REASON` before a statement says that it may do it all the same, as where the table is small or the release
    /// before does not use what goes. Before `-- migrate:up` it is for the first that needs it. It is for one statement alone.
    public static func hazards(in file: MigrationFile) -> [Hazard] {
        let statements = MigrationStatement.all(of: file.up)
        let made = Set(statements.compactMap { tableMade($0.words) })
        var pardons = file.text.split(separator: "\n").prefix { $0 != "-- migrate:up" }.count {
            MigrationStatement.isPardon($0)
        }
        return statements.flatMap { statement -> [Hazard] in
            let words = statement.isOfBlock ? withoutControl(statement.words) : statement.words
            var hazards: [Hazard] = []
            if file.breaksBefore == 0, takesAway(words, made: made) {
                hazards.append(
                    Hazard(
                        words,
                        "releases that know it still must not start on it; say which: -- migrate:breaks-before N"
                    ))
            }
            guard let advice = advice(words, made: made), !statement.isPardoned else { return hazards }
            guard pardons == 0 else {
                pardons -= 1
                return hazards
            }
            return hazards + [Hazard(words, advice)]
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

    private static func advice(_ words: [String], made: Set<String>) -> String? {
        let text = words.joined(separator: " ")
        func has(_ part: String) -> Bool { text.contains(part) }
        switch words.first {
        case "CREATE" where has(" INDEX "):
            guard let on = words.firstIndex(of: "ON"), on + 1 < words.count else { return nil }
            let table = name(words[on + 1])
            guard !made.contains(table) else { return nil }
            guard has(" CONCURRENTLY ") else {
                return
                    "writers of \(table) wait until it is built; use CREATE INDEX CONCURRENTLY IF NOT EXISTS in a file with -- migrate:alone"
            }
            return MigrationStatement.indexMade(words) == nil
                ? "give it a name: else what is left of one that was broken off is not found" : nil
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
        case "EXECUTE":
            return "what it runs is made as it goes, and so cannot be looked at; write it out"
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

    /// Of a block's statement what follows BEGIN, THEN, ELSE and LOOP.
    private static func withoutControl(_ words: [String]) -> [String] {
        let start = words.indices.first { index in
            suspects.contains(words[index])
                && (index == 0 || ["BEGIN", "THEN", "ELSE", "LOOP"].contains(words[index - 1]))
        }
        return start.map { Array(words[$0...]) } ?? words
    }
}
