import JSON
import RPC

/// How the stores of a daemon are. PostgreSQL is there, or nothing of this is told.
struct Readiness: Sendable {
    /// Optional stores, by name, in the order in which they are told: those that are configured.
    let optional: [(name: String, isThere: Bool)]

    init(of platform: Platform?) {
        optional = (platform?.shared).map { [("redis", $0.redis.isConnected)] } ?? []
    }

    var isDegraded: Bool { optional.contains { !$0.isThere } }

    static let shape = Shape<Readiness>(
        .object(
            name: "Readiness",
            [
                Schema.Member("status", .text, "`ok`, or `degraded` when an optional store is away."),
                Schema.Member(
                    "checks",
                    .object(
                        name: "Checks",
                        [
                            Schema.Member("postgres", .text, "Always `ok`."),
                            Schema.Member(
                                "redis", .text, "`ok` or `away`; absent where none is configured.",
                                isRequired: false),
                        ], open: false), "Each store."),
            ], open: false)
    ) { readiness, writer in
        writer.beginObject()
        writer.key("status")
        writer.string(readiness.isDegraded ? "degraded" : "ok")
        writer.key("checks")
        writer.beginObject()
        writer.key("postgres")
        writer.string("ok")
        for store in readiness.optional {
            writer.key(store.name)
            writer.string(store.isThere ? "ok" : "away")
        }
        writer.endObject()
        writer.endObject()
    }
}
