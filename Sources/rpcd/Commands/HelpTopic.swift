import ArgumentParser
import RPC

/// `rpcd help config` and `rpcd help METHOD`: help that is read from the declarations.
struct HelpTopic {
    let text: String

    /// `nil` where the command line's own help answers.
    /// - Throws: for a name with a dot that is no method.
    init?(_ arguments: [String]) throws {
        guard arguments.count == 2, arguments[0] == "help" else { return nil }
        let topic = arguments[1]
        if topic == "config" {
            text = Settings.declarations.map(HelpTopic.describe).joined(separator: "\n")
        } else if topic.contains(".") {
            let registry = try Daemon.declarations()
            guard let method = registry.method(named: topic) else {
                let hint = registry.nearest(to: topic).map { "; did you mean \($0)?" } ?? ""
                throw ValidationError("There is no method \(topic)\(hint)")
            }
            text = HelpTopic.describe(method)
        } else {
            return nil
        }
    }

    private static func describe(_ setting: Settings.Declaration) -> String {
        """
        \(setting.key)
            \(setting.summary)
            takes \(setting.takes)\(setting.standard.map { $0.isEmpty ? "" : "\n    default \($0)" } ?? "")
        """
    }

    private static func describe(_ method: Method) -> String {
        var lines = ["\(method.name)", "    \(method.summary)", "", "    role    \(method.role.name)"]
        if let route = method.route {
            lines.append("    HTTP    \(route.verb.rawValue) /api/v1\(route.path)")
        }
        if !method.params.isEmpty {
            lines += ["", "params"]
            for param in method.params {
                let name = param.name + (param.isRequired ? "" : "?")
                lines.append("    \(name): \(param.schema.words)")
                lines.append("        \(param.summary)")
            }
        }
        lines += ["", "result", "    \(method.result.words)"]
        if case .object(_, let members, _) = method.result {
            lines += members.map { "    \($0.name): \($0.schema.words)\n        \($0.summary)" }
        }
        lines += ["", "example", "    rpcd call \(method.name) '\(method.example.params)'"]
        return lines.joined(separator: "\n")
    }
}
