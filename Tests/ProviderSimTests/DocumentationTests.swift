import Foundation
import TestSupport
import Testing

@testable import rpcd_provider_sim

@Suite("The page about the simulator")
struct DocumentationTests {
    private func page() throws -> String {
        try String(contentsOfFile: Project.root + "/docs/provider-sim.md", encoding: .utf8)
    }

    @Test("Its commands work as they are printed")
    func commands() async throws {
        let blocks = try page().components(separatedBy: "```sh\n").dropFirst().compactMap {
            $0.components(separatedBy: "\n```").first
        }
        let expected = [
            #""email":"ada.lovelace@acme.example""#, #""succeedsAt":"#, #""calls":2,"found":2"#,
            #""received":2,"accepted":1"#,
        ]
        #expect(blocks.count == expected.count)
        try await Simulated.run { simulated in
            for (block, part) in zip(blocks, expected) {
                let command = block.replacing("127.0.0.1:8090", with: "127.0.0.1:\(simulated.port)")
                let result = try await ServedProcess.run("/bin/sh", ["-ec", command])
                #expect(result.status == 0, "\(block)\n\(result.errors)")
                #expect(result.output.contains(part), "\(block)\n\(result.output)")
            }
        }
    }

    @Test("It tells of every provider, fault and field")
    func completeness() throws {
        let page = try page()
        let names =
            Behaviour.standard.keys + Fault.allCases.map(\.name) + Behaviour.Field.allCases.map(\.rawValue)
        for name in names { #expect(page.contains("`\(name)`"), "\(name)") }
    }
}
