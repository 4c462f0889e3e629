import Foundation
import Glibc
import JSON
import Postgres
import RPC
import TestSupport
import Testing

@testable import rpcd

@Suite("Canaries")
struct CanaryTests {
    /// How a secret may look when it has gone where it should not.
    private func forms(_ secret: String) -> [String] {
        let bytes = Array(secret.utf8)
        let hex = bytes.map { String(format: "%02x", $0) }.joined()
        // What base64 makes of it at each of the three places it can begin, less the ends that depend on neighbours.
        let base64 = (0..<3).map { shift in
            let padded = Data([UInt8](repeating: 0, count: shift) + bytes)
            return String(padded.base64EncodedString().dropFirst(4).dropLast(6))
        }
        return [secret, hex, hex.uppercased()] + base64
            + base64.map { $0.replacing("+", with: "-").replacing("/", with: "_") }
    }

    @Test("Marked secrets are found in no file, log, process listing or answer, crash or not")
    func search() async throws {
        try await withTemporaryFolder { folder in
            let (password, newPassword) = ("canary-pw-\(UUID())", "canary-np-\(UUID())")
            let key = "canary-key-\(UUID())-last"
            let second = "canary-sec-\(UUID())"
            let daemon = try await ServedProcess.dev(in: folder)
            let socket = try RawSocket(path: daemon.socket)
            var answers: [String] = []
            func call(_ method: String, _ params: String) async throws -> JSON {
                let answer = try await socket.call(method, params)
                answers.append(answer.source)
                return answer
            }
            _ = try await call(
                "auth.register", #"{"email":"ada@example.org","password":"\#(password)","name":"Ada"}"#)
            // These answers show what the contract says they show.
            let login = try await socket.call(
                "auth.login", #"{"email":"ada@example.org","password":"\#(password)"}"#)
            let refreshToken = try #require(login["result"]?["refreshToken"]?.string)
            let accessToken = try #require(login["result"]?["accessToken"]?.string)
            let made = try await call("workspaces.create", #"{"name":"W","ownerEmail":"ada@example.org"}"#)
            let workspace = try #require(made["result"]?["id"]?.string)
            let w = #""workspaceId":"\#(workspace)""#
            let shown = try await socket.call("apiKeys.create", #"{\#(w),"name":"k","role":"admin"}"#)
            let apiKey = try #require(shown["result"]?["secret"]?.string)
            let webhook = try await socket.call(
                "webhooks.create",
                #"{\#(w),"url":"https://hooks.invalid/","events":["*"],"_meta":{"idempotencyKey":"1"}}"#)
            let signing = String(try #require(webhook["result"]?["secret"]?.string).dropFirst("whsec_".count))
            let signingKey = try #require(Data(base64Encoded: signing))
            let stored = try await call(
                "credentials.create",
                #"{\#(w),"provider":"p","key":"\#(key)","secret":"\#(second)","_meta":{"token":"\#(apiKey)"}}"#
            )
            #expect(stored["result"]?["maskedKey"]?.string == "…last")
            // Everything there is, with secrets wherever one goes.
            for method in try Daemon.declarations().methods where method.name != "workspaces.delete" {
                for (token, secret) in [(nil, key), (accessToken, newPassword), (apiKey, second)] {
                    var members = method.params.map { param -> String in
                        guard param.name != "workspaceId" else { return w }
                        if param.name == "email" { return #""email":"ada@example.org""# }
                        guard case .string(_, let format?, _) = param.schema,
                            ["secret", "password"].contains(format)
                        else {
                            return #""\#(param.name)":"x""#
                        }
                        return #""\#(param.name)":"\#(secret)""#
                    }
                    let metadata = [
                        token.map { #""token":"\#($0)""# }, method.streams ? #""timeoutMs":50"# : nil,
                    ].compactMap { $0 }
                    members.append(#""_meta":{\#(metadata.joined(separator: ","))}"#)
                    _ = try await call(method.name, "{\(members.joined(separator: ","))}")
                }
            }
            _ = try await call("auth.logout", #"{"refreshToken":"\#(refreshToken)"}"#)

            let secrets = [
                password, newPassword, String(key.dropLast(4)), second, refreshToken, accessToken, apiKey,
                signing, signingKey.map { String(format: "%02x", $0) }.joined(),
            ]
            let patterns = secrets.flatMap(forms)
            // What an answer shows because the caller put it there is his own: names and echoes hold none of these.
            for answer in answers {
                for pattern in patterns { #expect(!answer.contains(pattern), "\(answer.prefix(200))") }
            }
            let proc = "/proc/\(daemon.process.pid)"
            for file in ["cmdline", "environ", "limits"] {
                let text = try String(contentsOfFile: "\(proc)/\(file)", encoding: .utf8)
                for pattern in patterns { #expect(!text.contains(pattern), "\(file)") }
                guard file == "limits" else { continue }
                let core = text.split(separator: "\n").first { $0.hasPrefix("Max core file size") }
                #expect(core?.split(separator: " ").dropFirst(4).first == "0")
            }
            let owner = try SQLConsole(EmbeddedCluster.conninfo(directory: folder))
            owner.run("CHECKPOINT")
            daemon.process.send(SIGABRT)
            #expect(await daemon.process.end() == -SIGABRT)
            for pattern in patterns { #expect(!daemon.process.errors.contains(pattern)) }
            try (patterns.joined(separator: "\n") + "\n").write(
                toFile: folder + "-patterns", atomically: true, encoding: .utf8)
            defer { unlink(folder + "-patterns") }
            func grep(_ path: String) async throws -> String {
                try await ServedProcess.run(
                    "/usr/bin/grep", ["-rlaF", "-f", folder + "-patterns", path]
                ).output
            }
            #expect(try await grep(folder) == "")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).allSatisfy {
                    !$0.hasPrefix("core")
                })
            // The search finds what is there.
            try Data(forms(second)[3].utf8).write(to: URL(fileURLWithPath: folder + "/planted"))
            #expect(try await grep(folder) == folder + "/planted\n")
            let again = try await ServedProcess.dev(in: folder)
            again.process.send(SIGTERM)
            #expect(await again.process.end() == 0)
        }
    }

    @Test("A flood of logins is bounded: what is too much is told so, and nothing else waits for it")
    func flood() async throws {
        try await withTemporaryFolder { folder in
            let daemon = try await ServedProcess.dev(in: folder)
            let (logins, pings) = (try RawSocket(path: daemon.socket), try RawSocket(path: daemon.socket))
            let flood = try (0..<4).map { _ in try RawSocket(path: daemon.socket) }
            for (index, socket) in ([logins] + flood).enumerated() {
                for number in 0..<60 {
                    try await socket.send(
                        request(
                            number, "auth.login",
                            #"{"email":"x\#(index)-\#(number)@example.org","password":"wrong password"}"#))
                }
            }
            // A first answer that is not a refusal: the hashes are under way. Everything else is still to come.
            for number in 0..<50 {
                let pong = try await pings.call("system.ping", #"{"payload":\#(number)}"#)
                #expect(pong["result"]?["payload"]?.int64 == Int64(number))
            }
            let health = try await pings.call("auth.me")
            #expect(health["result"]?["operator"]?.bool == true, "the database is not waited for either")
            var codes: [String: Int] = [:]
            for socket in [logins] + flood {
                for _ in 0..<60 {
                    let line = try #require(try await socket.line())
                    codes[
                        try JSON.parse(Array(line))["error"]?["data"]?["error"]?["code"]?.string ?? "",
                        default: 0] += 1
                }
            }
            #expect(Set(codes.keys) == ["AUTHENTICATION_ERROR", "SERVICE_UNAVAILABLE"], "\(codes)")
            daemon.process.send(SIGTERM)
            #expect(await daemon.process.end() == 0)
        }
    }
}
