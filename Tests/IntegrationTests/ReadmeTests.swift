import Foundation
import Glibc
import TestSupport
import Testing

/// A page of the documentation, to try what it says.
struct Page {
    /// From the root of the project.
    let path: String

    /// The code blocks of that language below a heading, in order.
    func blocks(_ language: String, below heading: String) throws -> [String] {
        let text = try String(contentsOfFile: Project.root + "/" + path, encoding: .utf8)
        let section = try #require(text.components(separatedBy: "\n## ").first { $0.hasPrefix(heading) })
        return section.components(separatedBy: "```\(language)\n").dropFirst().compactMap {
            $0.components(separatedBy: "\n```").first
        }
    }
}

@Suite("The README")
struct ReadmeTests {
    @Test("Its first calls work as they are printed")
    func firstCalls() async throws {
        try await withTemporaryFolder { folder in
            try FileManager.default.createDirectory(
                atPath: folder + "/.build", withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(
                atPath: folder + "/.build/release", withDestinationPath: ServedProcess.programs)
            let daemon = try await ServedProcess.dev(in: folder + "/.rpcd", from: folder)
            var outputs: [String] = []
            for block in try Page(path: "README.md").blocks("sh", below: "First calls") {
                let command = block.replacing("127.0.0.1:8080", with: daemon.http)
                let result = try await ServedProcess.run("/bin/sh", ["-ec", command], in: folder)
                #expect(result.status == 0, "\(block)\n\(result.errors)")
                outputs.append(result.output)
            }
            for block in try Page(path: "README.md").blocks("python", below: "First calls") {
                let result = try await ServedProcess.run(
                    "/usr/bin/env", ["python3", "-c", block], in: folder)
                #expect(result.status == 0, "\(block)\n\(result.errors)")
                outputs.append(result.output)
            }
            let expected = [
                #""email":"ada@example.org""#, #""payload":"hello""#, #""accessToken""#, "'slug': 'acme'",
            ]
            #expect(outputs.count == expected.count)
            for (output, part) in zip(outputs, expected) { #expect(output.contains(part), "\(output)") }
            daemon.process.send(SIGTERM)
            #expect(await daemon.process.end() == 0)
        }
    }
}
