import Foundation
import Identifiers
import Resilience
import TestSupport
import Testing

@testable import Mail

@Suite("Messages")
struct MailMessageTests {
    private func message(_ subject: String, _ text: String) throws -> MailMessage {
        MailMessage(
            id: try #require(UUID("0d6f3f6c-2a10-4c8e-9d54-6f1c0b8e3a55")),
            from: try #require(MailAddress("Größe & Söhne <rpcd@example.org>")), to: "ada@example.org",
            subject: subject, text: text, html: "<p>\(text)</p>", date: Timestamp(microseconds: 0))
    }

    @Test("Python's parser reads back what went in, whatever the characters (100 seeds)")
    func roundTrip() async throws {
        let alphabet = Array("ab =?_.\tÄß漢🙂\"<>&\\-\u{7F}\n\n,;%")
        var sent: [(subject: String, text: String)] = []
        var input = ""
        for seed in 0..<100 {
            var random = SplitMix64(seed: UInt64(seed))
            func text(_ length: ClosedRange<Int>) -> String {
                String(
                    (0..<Int.random(in: length, using: &random)).map { _ in
                        alphabet.randomElement(using: &random) ?? "a"
                    })
            }
            let (subject, body) = (text(0...150).filter { !$0.isWhitespace }, text(0...400))
            let bytes = try message(subject, body).bytes
            #expect(bytes.allSatisfy { $0 < 0x80 }, "seed \(seed)")
            for line in bytes.split(separator: UInt8(ascii: "\n")) {
                #expect(line.count <= 100, "seed \(seed)")
            }
            sent.append((subject, body))
            input += Data(bytes).base64EncodedString() + "\n"
        }
        let script = """
            import sys, email, email.policy, json, base64
            for line in sys.stdin:
                m = email.message_from_bytes(base64.b64decode(line), policy=email.policy.default)
                plain, html = m.get_body(('plain',)), m.get_body(('html',))
                print(json.dumps([m['subject'], *[p.get_content().replace('\\r', '') for p in (plain, html)], m['from'], m['date'], len(m.defects)]))
            """
        let result = try await ServedProcess.run("/usr/bin/env", ["python3", "-c", script], input: input)
        let lines = result.output.split(separator: "\n")
        try #require(lines.count == 100, "\(result.errors)")
        for (seed, line) in lines.enumerated() {
            let read = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [Any])
            #expect(read[0] as? String == sent[seed].subject, "seed \(seed)")
            let text = sent[seed].text
            #expect([text, text + "\n"].contains(read[1] as? String), "seed \(seed)")
            #expect((read[2] as? String)?.contains(text) == true, "seed \(seed)")
            #expect(read[3] as? String == "Größe & Söhne <rpcd@example.org>")
            #expect(read[4] as? String == "Thu, 01 Jan 1970 00:00:00 +0000")
            #expect(read[5] as? Int == 0, "seed \(seed)")
        }
    }

    @Test("What could add a header line is no address")
    func addresses() {
        #expect(MailAddress("a@b.c")?.header == "<a@b.c>")
        #expect(MailAddress("rpcd <a@b.c>")?.header == "rpcd <a@b.c>")
        for text in ["", "a", "a@", "@b", "a@b@c", "x\r\nBcc: y@z <a@b.c>", "a b@c.d", "<a@b.c", "a@b.c>\n"] {
            #expect(MailAddress(text) == nil, "\(text)")
        }
    }
}
