import Foundation
import RPC
import TestSupport
import Testing

@testable import rpcd

@Suite("Settings and the command line")
struct SettingsTests {
    @Test("A bad value of any setting is refused by a line that names the key and what it takes")
    func badValues() throws {
        for declaration in Settings.declarations {
            let bad =
                declaration.takes.hasPrefix("the path") || declaration.takes.hasPrefix("a libpq") ? "" : "?!"
            let error = #expect(throws: SettingError.self, "\(declaration.key)") {
                try Settings.load([declaration.key: bad])
            }
            #expect(error?.description.hasPrefix(declaration.key + ": got ") == true)
            #expect(error?.description.contains("takes " + declaration.takes) == true)
        }
    }

    @Test("Every limit can be set, and only within its range", arguments: Limits.all.map(\.name))
    func limits(name: String) throws {
        let entry = try #require(Limits.all.first { $0.name == name })
        let least = try Settings.load([entry.setting: "\(entry.range.lowerBound)"])
        #expect(entry.get(least.limits) == entry.range.lowerBound)
        for beyond in ["\(entry.range.lowerBound - 1)", "\(entry.range.upperBound)0", "1e3", "", " 5"] {
            #expect(throws: SettingError.self) { try Settings.load([entry.setting: beyond]) }
        }
    }

    @Test(
        "The file says what the environment does not; an unknown key is refused; a password is not repeated")
    func file() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/rpcd.conf"
            try "# a comment\n\nRPCD_POOL_SIZE = 3\nRPCD_LOG_LEVEL=debug\n".write(
                toFile: path, atomically: true, encoding: .utf8)
            let settings = try Settings.load(["RPCD_CONFIG": path, "RPCD_POOL_SIZE": "5"])
            #expect(settings.poolSize == 5)
            #expect(settings.logLevel == .debug)
            #expect(throws: SettingError.self) { try Settings.load(["RPCD_POOLSIZE": "5"]) }
            #expect(throws: SettingError.self) { try Settings.load(["RPCD_CONFIG": folder + "/absent"]) }
        }
        let error = #expect(throws: SettingError.self) { try Settings.load(["RPCD_DATABASE_URL": ""]) }
        #expect(error?.description.contains("***") == true)
    }

    @Test("A line ends as on any system; what is no file, and no connection string, is refused")
    func lines() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/rpcd.conf"
            for end in ["\n", "\r\n"] {
                try ["# a note", "RPCD_POOL_SIZE=3", "# another", "RPCD_LOG_LEVEL=debug", ""].joined(
                    separator: end
                )
                .write(toFile: path, atomically: true, encoding: .utf8)
                let settings = try Settings.load(["RPCD_CONFIG": path])
                #expect(settings.poolSize == 3 && settings.logLevel == .debug)
            }
            let pipe = folder + "/pipe"
            #expect(mkfifo(pipe, 0o600) == 0)
            #expect(throws: SettingError.self) { try Settings.load(["RPCD_CONFIG": pipe]) }
        }
        #expect(throws: SettingError.self) { try Settings.load(["RPCD_DATABASE_URL": "host=/run passwrd=x"]) }
    }

    @Test("A password in a URL that should have none is shown and told to nobody")
    func strayPasswords() throws {
        let canary = "s3cr3t"
        for (key, value) in [
            ("RPCD_OTLP_ENDPOINT", "http://u:\(canary)@h:4318"),
            ("RPCD_APP_URL", "https://u:\(canary)@app.example"),
            ("RPCD_HTTP_LISTEN", "http://u:\(canary)@h:1"),
        ] {
            let reading = Settings.read([key: value])
            let told = reading.errors.map { "\($0)" } + reading.entries.compactMap(\.shown)
            #expect(!told.contains { $0.contains(canary) }, "\(key)")
            let text = Redaction(reading, [:]).applied(to: Array("-- \(canary) --".utf8))
            #expect(!String(decoding: text, as: UTF8.self).contains(canary), "\(key)")
        }
    }

    @Test("A key of the file that is no setting is refused, with its line and the setting that is near")
    func unknownKeys() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/rpcd.conf"
            let lines = ["RPCD_POOL_SIZE=3", "LOG_LEVEL=debug", "RPCD_POOL_SZE=4", "PGPASSWORD=canary"]
            try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
            // In the environment there is more than settings.
            let environment = ["RPCD_CONFIG": path, "LOG_LEVEL": "x", "PATH": "/bin"]
            let alone = Settings.read(environment).errors.map { "\($0)" }
            #expect(alone.count == 3, "\(alone)")
            #expect(
                alone.contains {
                    $0.hasPrefix("LOG_LEVEL: ") && $0.contains("did you mean RPCD_LOG_LEVEL?")
                        && $0.hasSuffix("(\(path):2)")
                })
            #expect(
                alone.contains { $0.contains("did you mean RPCD_POOL_SIZE?") && $0.hasSuffix("(\(path):3)") })
            #expect(alone.contains { $0.hasPrefix("PGPASSWORD: ") && $0.hasSuffix("(\(path):4)") })
            #expect(!alone.joined().contains("canary"))
        }
    }

    @Test("A setting that needs a restart is named by each reload until there is one")
    func reloads() throws {
        func read(_ environment: [String: String]) -> Settings.Reading { Settings.read(environment) }
        var running = read(["RPCD_POOL_SIZE": "3", "RPCD_LOG_LEVEL": "info"])
        let changed = read(["RPCD_POOL_SIZE": "4", "RPCD_LOG_LEVEL": "debug"])
        for round in 0..<3 {
            let (inForce, live, waiting) = changed.taking(over: running)
            #expect(live == (round == 0 ? ["RPCD_LOG_LEVEL"] : []))
            #expect(waiting == ["RPCD_POOL_SIZE"])
            running = inForce
        }
        let (_, live, waiting) = read(["RPCD_POOL_SIZE": "3"]).taking(over: running)
        #expect(live == ["RPCD_LOG_LEVEL"])
        #expect(waiting.isEmpty)
    }

    @Test("A bad setting ends the start with status 78, an unreachable daemon a call with 2, an error with 1")
    func exitStatuses() async throws {
        let bad = try await ServedProcess.run("rpcd", ["serve"], environment: ["RPCD_POOL_SIZE": "many"])
        #expect(bad.status == 78)
        #expect(bad.errors == "rpcd: RPCD_POOL_SIZE: got 'many', takes a number from 1 to 500\n")
        let missing = try await ServedProcess.run("rpcd", ["serve"])
        #expect(missing.status == 78)
        #expect(missing.errors.hasPrefix("rpcd: RPCD_DATABASE_URL: is missing, takes "))
        let away = try await ServedProcess.run(
            "rpcd", ["call", "system.ping", "--socket", "/tmp/nobody-here"])
        #expect(away.status == 2)
        #expect(away.output.isEmpty)
        let usage = try await ServedProcess.run("rpcd", ["call", "system.ping", "neither-json-nor-pair"])
        #expect(usage.status == 64)
    }

    @Test("Help, documents and completions know every method")
    func documents() async throws {
        let names = try Daemon.declarations().methods.map(\.name)
        #expect(names.contains("workspaces.create"))
        let openrpc = try await ServedProcess.run("rpcd", ["openrpc"])
        let openapi = try await ServedProcess.run("rpcd", ["openapi"])
        for shell in ["bash", "zsh", "fish"] {
            let script = try await ServedProcess.run("rpcd", ["--generate-completion-script", shell])
            for name in names { #expect(script.output.contains(name), "\(shell)") }
        }
        for method in try Daemon.declarations().methods {
            #expect(openrpc.output.contains("\"name\":\"\(method.name)\""))
            if let route = method.route { #expect(openapi.output.contains("\"\(route.path)\"")) }
            let help = try await ServedProcess.run("rpcd", ["help", method.name])
            for param in method.params { #expect(help.output.contains(param.name)) }
        }
        let unknown = try await ServedProcess.run("rpcd", ["help", "workspces.create"])
        #expect(unknown.errors.contains("did you mean workspaces.create?"))
    }
}
