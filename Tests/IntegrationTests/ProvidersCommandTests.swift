import Foundation
import Services
import TestSupport
import Testing

@Suite("rpcd providers")
struct ProvidersCommandTests {
    /// The example of the page about providers.
    private func example() throws -> String {
        let page = try String(contentsOfFile: Project.root + "/docs/providers.md", encoding: .utf8)
        return try #require(
            page.components(separatedBy: "```json\n").dropFirst().first?.components(separatedBy: "\n```")
                .first)
    }

    private func run(_ arguments: String..., environment: [String: String] = [:]) async throws -> (
        status: Int32, output: String, errors: String
    ) {
        try await ServedProcess.run("rpcd", ["providers"] + arguments, environment: environment)
    }

    @Test("check finds nothing wrong with what is shipped, nor with the example of the documentation")
    func good() async throws {
        let shipped = try await run("check", environment: ["RPCD_PROVIDERS_DIR": Project.root + "/providers"])
        #expect(shipped.status == 0 && shipped.errors.isEmpty, "\(shipped)")
        #expect(shipped.output.contains("hunter.json: hunter, email"))
        try await withTemporaryFolder { folder in
            let file = folder + "/acme.json"
            try example().write(toFile: file, atomically: true, encoding: .utf8)
            let checked = try await run("check", file)
            #expect(checked.status == 0, "\(checked)")
            #expect(checked.output == "\(file): acme, email, not verified against the service\n")
        }
    }

    @Test("check tells every problem of every file with its place, and ends with 1")
    func bad() async throws {
        try await withTemporaryFolder { folder in
            let text = try example().replacingOccurrences(of: "{title}", with: "{titel}")
                .replacingOccurrences(of: #""/person/email""#, with: #""person""#)
            try text.write(toFile: folder + "/acme.json", atomically: true, encoding: .utf8)
            try "{".write(toFile: folder + "/broken.json", atomically: true, encoding: .utf8)
            let checked = try await run("check", environment: ["RPCD_PROVIDERS_DIR": folder])
            #expect(checked.status == 1)
            let lines = checked.errors.split(separator: "\n").map(String.init)
            for part in [
                "acme.json: /request/body/person/title has {titel}",
                "acme.json: /fields/email/from has to be a JSON pointer",
                "acme.json: /input/schema/properties/title is nowhere",
                "broken.json: the manifest is not JSON",
            ] { #expect(lines.contains { $0.contains(part) }, "\(part): \(checked.errors)") }
            #expect(lines.last == "rpcd: 2 of 2 files are no manifests")
            #expect(try await run("check", folder + "/nowhere.json").status == 1)
            // The daemon does not start with them.
            let served = try await ServedProcess.run(
                "rpcd", ["serve"],
                environment: [
                    "RPCD_PROVIDERS_DIR": folder, "RPCD_DATABASE_URL": "host=/nowhere",
                    "RPCD_JWT_KEY_FILE": try key(folder), "RPCD_MASTER_KEY_FILE": try key(folder),
                ])
            #expect(served.status == 78)
            #expect(served.errors.contains("RPCD_PROVIDERS_DIR"), "\(served.errors)")
        }
    }

    private func key(_ folder: String) throws -> String {
        let path = folder + "/key"
        try Data(NumberedKeys.makeLine(number: 1)).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        return path
    }

    @Test("list shows what the providers cost and give, schema what a manifest looks like")
    func list() async throws {
        let listed = try await run("list", environment: ["RPCD_PROVIDERS_DIR": Project.root + "/providers"])
        #expect(listed.status == 0)
        #expect(listed.output.contains("sim-steady\t2\t0\temail,phone,companySize\n"))
        let schema = try await run("schema")
        #expect(
            try schema.output
                == String(contentsOfFile: Project.root + "/providers/manifest.schema.json", encoding: .utf8))
        let nowhere = try await run("list", environment: ["RPCD_PROVIDERS_DIR": "/nowhere"])
        #expect(nowhere.status == 78)
    }
}
