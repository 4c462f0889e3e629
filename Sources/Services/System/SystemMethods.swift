import JSON
import RPC

/// What a daemon tells of itself.
public struct System: Sendable {
    public let version: String
    public let commit: String
    public let limits: Limits

    public init(version: String, commit: String, limits: Limits) {
        self.version = version
        self.commit = commit
        self.limits = limits
    }

    public var methods: [Method] {
        [
            Method(
                "system.ping", "Answers at once with what it was given.", role: .public, route: .get("/ping"),
                params: Params(.optional(.any("payload", "Comes back unchanged."))),
                result: .object(
                    "Pong", Field("payload", Shape.any.nullable, "What was given, else null.") { $0 }),
                example: Example(#"{"payload":"hello"}"#, gives: #"{"payload":"hello"}"#),
                run: .immediate { _, payload in payload }),
            Method(
                "system.health", "Tells that the daemon is alive; asks nothing of the database.",
                role: .public,
                route: .get("/health"), params: Params(),
                result: .object("Health", Field("status", .string, "Always `ok`.") { $0 }),
                example: Example("{}", gives: #"{"status":"ok"}"#), run: .immediate { _ in "ok" }),
            Method(
                "system.version", "Tells which daemon this is.", role: .public, route: .get("/version"),
                params: Params(),
                result: .object(
                    "Version",
                    Field("version", .string, "Of the release.") { (system: System) in system.version },
                    Field("commit", .string, "Of the source.") { $0.commit },
                    Field("api", .string, "Of the methods.") { _ in "v1" }),
                example: Example("{}", gives: #"{"version":"0.1.0","commit":"unknown","api":"v1"}"#),
                run: .immediate { _ in self }),
            Method(
                "system.limits", "Lists every limit in force.", role: .public, route: .get("/limits"),
                params: Params(), result: System.limitsShape,
                example: Example("{}", gives: #"{"messageBytes":8388608}"#),
                run: .immediate { _ in self.limits }),
        ]
    }

    private static let limitsShape = Shape<Limits>(
        .object(
            name: "Limits", Limits.all.map { Schema.Member($0.name, .integer($0.range), $0.summary) },
            open: false)
    ) { limits, writer in
        writer.beginObject()
        for entry in Limits.all {
            writer.key(entry.name)
            writer.int(entry.get(limits))
        }
        writer.endObject()
    }
}
