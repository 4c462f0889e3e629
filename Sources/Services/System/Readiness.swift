import RPC

/// Whether calls can be served, and how each store stands. Without PostgreSQL there is no such answer at all.
struct Readiness: Sendable {
    private(set) var checks = [("postgres", "ok")]

    /// - Parameter standing: `ok`, or what is the matter.
    mutating func add(_ store: String, _ standing: String) { checks.append((store, standing)) }

    private var status: String { checks.allSatisfy { $0.1 == "ok" } ? "ok" : "degraded" }

    private static let optional = [
        ("clickhouse", "Where analytics is kept: `ok`, `away`, `behind` or `refused`."),
        ("analytics", "The same, in a PostgreSQL of its own."),
        ("redis", "What daemons share: `ok`, `away`, or `refuses` when it is full or closed to the daemon."),
        ("replica", "Where lists are read: `ok`, `away` or `behind`; else they are read from the primary."),
    ]

    static let shape: Shape<Readiness> = .object(
        "Readiness",
        Field("status", .string, "`ok`, or `degraded` when an optional store is away.") { $0.status },
        Field(
            "checks",
            Shape<[(String, String)]>(
                .object(
                    name: "Checks",
                    [Schema.Member("postgres", .text, "Always `ok`.")]
                        + optional.map { Schema.Member($0.0, .text, $0.1, isRequired: false) }, open: false)
            ) { checks, writer in
                writer.beginObject()
                for (name, standing) in checks {
                    writer.key(name)
                    writer.string(standing)
                }
                writer.endObject()
            }, "Each store."
        ) { $0.checks })
}
