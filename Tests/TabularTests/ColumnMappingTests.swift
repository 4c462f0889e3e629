import Tabular
import Testing

@Suite("Columns and fields")
struct ColumnMappingTests {
    private func apply(_ options: [String], _ columns: [String]) throws(ColumnMappingError) -> MappedColumns {
        try ColumnMapping(options).applied(to: columns)
    }

    private func names(_ mapped: MappedColumns) -> [String] {
        mapped.fields.map { "\($0.column)=\($0.name)" }
    }

    @Test("Columns keep their names unless told otherwise; an empty field leaves one out")
    func mapping() throws {
        let plain = try apply([], ["name", "externalId", "email"])
        #expect(plain.externalID == 1)
        #expect(names(plain) == ["0=name", "2=email"])
        let mapped = try apply(
            ["id=externalId", "E-mail=email", "notes="], ["id", "name", "E-mail", "notes"])
        #expect(mapped.externalID == 0)
        #expect(names(mapped) == ["1=name", "2=email"])
    }

    @Test("One column may take the name that another one gives up")
    func exchanged() throws {
        let mapped = try apply(
            ["externalId=old", "key=externalId", "a=b", "b=a"], ["externalId", "key", "a", "b"])
        #expect(mapped.externalID == 1)
        #expect(names(mapped) == ["0=old", "2=b", "3=a"])
    }

    @Test("The last = divides, and blanks around names do not count")
    func dividing() throws {
        let mapped = try apply([" a=b = x ", "k=externalId"], ["a=b", "k"])
        #expect(names(mapped) == ["0=x"])
        // A letter and an accent that follows the = are not one character with it.
        #expect(names(try apply(["n=\u{301}x", "k=externalId"], ["n", "k"])) == ["0=\u{301}x"])
    }

    @Test(
        "What cannot be mapped is refused, and the message says what to do",
        arguments: [
            (["id"], ColumnMappingError.noField("id"), "takes COLUMN=FIELD"),
            (["=x"], .noColumn("=x"), "no column before the ="),
            ([" =x"], .noColumn(" =x"), "no column before the ="),
            (["id=externalId", "id=x"], .columnTwice("id"), "twice"),
            (["emial=x"], .unknownColumn("emial", nearest: "email"), "did you mean “email”?"),
            (["EMAIL=x"], .unknownColumn("EMAIL", nearest: "email"), "did you mean “email”?"),
            (["zzz=x"], .unknownColumn("zzz", nearest: nil), "no column “zzz”"),
            (["name=email"], .fieldTwice("email", columns: ["email", "name"]), "“email”, “name”"),
            (["email="], .noExternalID(["id", "email", "name"]), "--map COLUMN=externalId"),
            (
                ["id=externalId", "name=externalId"], .fieldTwice("externalId", columns: ["id", "name"]),
                "leave one out"
            ),
        ])
    func refusals(options: [String], error: ColumnMappingError, message: String) {
        #expect(throws: error) { try apply(options, ["id", "email", "name"]) }
        #expect(error.description.contains(message), "\(error)")
    }

    @Test("Of rows without a header each column is asked for by itself")
    func columnByColumn() throws {
        let mapping = try ColumnMapping(["id=externalId", "notes="])
        #expect(mapping.field(ofColumn: "id") == "externalId" && mapping.field(ofColumn: "city") == "city")
        #expect(mapping.field(ofColumn: "notes") == nil)
        #expect(try ColumnMapping([]).isEmpty && !mapping.isEmpty)
    }

    @Test("Long and hostile names do not make messages long, nor the search for the nearest slow")
    func hostile() throws {
        let columns = (0..<1_000).map {
            "column \($0) " + String(repeating: "x", count: $0 % 2 == 0 ? 50 : 500)
        }
        let long = String(repeating: "y", count: 60_000)
        let tooLong = #expect(throws: ColumnMappingError.self) { try apply([long + "=z"], columns) }
        #expect(tooLong?.description.count ?? 0 < 200)
        #expect(tooLong?.description.contains("mean") == false)
        let near = String(columns[998].dropLast())
        let misspelt = #expect(throws: ColumnMappingError.self) { try apply([near + "=z"], columns) }
        #expect(misspelt == .unknownColumn(near, nearest: columns[998]))
        let missing = #expect(throws: ColumnMappingError.self) { try apply([], columns) }
        #expect(missing?.description.count ?? 0 < 1_500)
        #expect(missing?.description.contains("and 988 more") == true)
    }
}
