import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("rpcd operator")
struct OperatorCommandTests {
    @Test("An account is made once, keeps its password, and gets a token that sets one where none was given")
    func createAdmin() async throws {
        try await withTemporaryFolder { folder in
            let daemon = try await ServedProcess.dev(
                in: folder, environment: ["RPCD_REGISTRATION": "off"])
            func run(_ arguments: String...) async throws -> (status: Int32, output: String, errors: String) {
                try await ServedProcess.run(
                    "rpcd", ["operator", "create-admin", "--socket", daemon.socket] + arguments)
            }
            let socket = try RawSocket(path: daemon.socket)
            func login(_ password: String) async throws -> String? {
                let answer = try await socket.call(
                    "auth.login", #"{"email":"ada@example.org","password":"\#(password)"}"#)
                return answer.errorCode ?? answer["result"]?["tokenType"]?.string
            }
            func token(_ output: String) throws -> String {
                try #require(output.split(whereSeparator: \.isWhitespace).last.map(String.init))
            }
            let first = try await run("--email", "ada@example.org", "--name", "Ada")
            #expect(first.status == 0 && first.output.contains("made"), "\(first)")
            let again = try await run("--email", "ada@example.org")
            #expect(again.status == 0 && again.output.contains("is there already"), "\(again)")
            // The later one counts, once.
            func reset(_ token: String) async throws -> JSON {
                try await socket.call(
                    "auth.resetPassword", #"{"token":"\#(token)","newPassword":"correct horse battery"}"#)
            }
            #expect(try await reset(token(first.output)).errorCode == "AUTHENTICATION_ERROR")
            #expect(try await reset(token(again.output))["result"] != nil)
            #expect(try await login("correct horse battery") == "Bearer")

            let file = folder + "/password"
            try "another long password\n".write(toFile: file, atomically: true, encoding: .utf8)
            let open = try await run("--email", "ada@example.org", "--password-file", file)
            #expect(open.status == 1 && open.errors.contains("chmod 600"))
            chmod(file, 0o600)
            let kept = try await run("--email", "ada@example.org", "--password-file", file)
            #expect(kept.status == 0 && kept.output.contains("its password stays as it is"), "\(kept)")
            #expect(try await login("another long password") == "AUTHENTICATION_ERROR")
            #expect(try await login("correct horse battery") == "Bearer")
            let bob = try await run("--email", "bob@example.org", "--password-file", file)
            #expect(bob.output.contains("made") && !bob.output.contains("token"))

            let mailed = try await run("--email", "eve@example.org", "--mail")
            #expect(mailed.status == 0 && !mailed.output.contains("token"), "\(mailed)")
            daemon.process.send(SIGTERM)
            #expect(await daemon.process.end() == 0)
            let away = try await run("--email", "ada@example.org")
            #expect(away.status == 2 && away.errors.contains("Is the daemon running?"))
        }
    }
}
