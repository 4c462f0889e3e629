import ArgumentParser
import RPC

/// Writes the parts of the documentation that are read from declarations; `scripts/docs` keeps them.
struct ReferenceCommand: ParsableCommand {
    enum Topic: String, ExpressibleByArgument, CaseIterable {
        case methods, errors, settings, doctor, catalog
    }

    static let configuration = CommandConfiguration(
        commandName: "reference", abstract: "Prints a page of the documentation.", shouldDisplay: false)

    @Argument(help: "methods, errors, settings, doctor, or the journal's catalog.")
    var topic: Topic

    func run() throws {
        switch topic {
        case .methods: print(ReferenceCommand.methods(try Daemon.declarations().methods))
        case .errors: print(ReferenceCommand.errors())
        case .settings: print(ReferenceCommand.settings())
        case .doctor: print(ReferenceCommand.doctor())
        case .catalog: print(Notice.catalog, terminator: "")
        }
    }

    private static let origin = "<!-- Written by scripts/docs from the declarations. -->"

    private static func methods(_ methods: [Method]) -> String {
        let groups = Dictionary(grouping: methods) { $0.name.prefix { $0 != "." } }
        let sections = groups.sorted { $0.key < $1.key }.map { name, methods in
            "## \(name)\n\n" + methods.map(section).joined(separator: "\n\n")
        }
        return (["# Methods", origin] + sections).joined(separator: "\n\n")
    }

    private static func section(_ method: Method) -> String {
        var facts = [
            "role `\(method.role.name)`" + (method.admitsAPIKeys ? "" : ", not for API keys"),
            "rate `\(method.rate.rawValue)`",
        ]
        if method.mutates { facts.append("changes something") }
        if let route = method.route { facts.append("`\(route.verb.rawValue) /api/v1\(route.path)`") }
        var parts = ["### \(method.name)", method.summary, facts.joined(separator: " · ")]
        if !method.params.isEmpty { parts.append(table("param", method.params)) }
        if case .object(_, let members, _) = method.result, !members.isEmpty {
            parts.append(table("result", members))
        } else {
            parts.append("Result: \(method.result.words).")
        }
        parts.append("```json\n\(method.example.params)\n\(method.example.result)\n```")
        return parts.joined(separator: "\n\n")
    }

    private static func table(_ title: String, _ members: [Schema.Member]) -> String {
        let rows = members.map { member in
            "| `\(member.name)`\(member.isRequired ? "" : "?") | \(member.schema.words) | \(member.summary) |"
        }
        return (["| \(title) | | |", "| --- | --- | --- |"] + rows).joined(separator: "\n")
    }

    private static func errors() -> String {
        let rows = ErrorCode.all.map {
            "| `\($0.name)` | \($0.rpcCode) | \($0.httpStatus) | \($0.defaultMessage) | \($0.meaning) |"
        }
        return
            ([
                "# Errors", "", origin, "",
                "Every failure has the same envelope, over HTTP as the body, over JSON-RPC as `error.data`:",
                "",
                "```json",
                #"{"success":false,"data":null,"error":{"code":"NOT_FOUND","message":"Not found"},"meta":{"requestId":"…"}}"#,
                "```", "", "| code | JSON-RPC | HTTP | message | when, and what to do |",
                "| --- | --- | --- | --- | --- |",
            ] + rows).joined(separator: "\n")
    }

    private static func settings() -> String {
        let rows = Settings.declarations.map {
            "| `\($0.key)` | \($0.summary) | \($0.takes) | \($0.standard.map { $0.isEmpty ? "" : "`\($0)`" } ?? "") |"
        }
        return
            ([
                "# Settings", "", origin, "",
                "Each is an environment variable, or a line `KEY=value` of the file that `RPCD_CONFIG` names; the environment goes first.",
                "A bad value ends the start with one line and exit status 78.", "",
                "| key | what | takes | default |", "| --- | --- | --- | --- |",
            ] + rows).joined(separator: "\n")
    }

    private static func doctor() -> String {
        let rows = Doctor.checks.map { "| `\($0.name)` | \($0.summary) |" }
        return
            ([
                "# rpcd doctor", "", origin, "",
                "Looks at everything that a daemon needs, side by side, each check within its time (`--timeout`, 5 seconds), and changes nothing. It works",
                "without a database and without a daemon. Run it as the daemon's user, with the daemon's environment; `--data-dir` means what `rpcd dev` serves.",
                "What is not well has an arrow below it: what to do. `--json` has the same for programs.", "",
                "| exit status | |", "| --- | --- |", "| 0 | all is well |", "| 1 | a failure |",
                "| 3 | warnings alone |", "| 78 | `rpcd serve` would refuse a setting or a file of keys |",
                "",
                "| check | what is looked at |", "| --- | --- |",
            ] + rows).joined(separator: "\n")
    }
}
