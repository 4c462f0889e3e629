import CPostgres

/// A connection string as libpq reads it (libpq documentation, 34.1.1).
package enum ConnectionString {
    /// Whether there is a libpq to read it.
    package static var canBeRead: Bool { rpcd_libpq_is_there() != 0 }

    /// Whether it says something, and nothing that libpq does not know.
    package static func isValid(_ conninfo: String) -> Bool { keywords(of: conninfo)?.isEmpty == false }

    /// What it says, keyword by keyword; nil when it is none.
    package static func keywords(of conninfo: String) -> [(keyword: String, value: String)]? {
        guard let options = PQconninfoParse(conninfo, nil) else { return nil }
        defer { PQconninfoFree(options) }
        var keywords: [(keyword: String, value: String)] = []
        var next = options
        while let keyword = next.pointee.keyword {
            if let value = next.pointee.val {
                keywords.append((String(cString: keyword), String(cString: value)))
            }
            next += 1
        }
        return keywords
    }
}
