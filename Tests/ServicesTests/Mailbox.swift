import Foundation
import Mail
import Postgres
import TestSupport
import Testing

@testable import Services

/// A backend whose mails end up in a folder.
struct Mailbox {
    let backend: Backend
    private let maildir: Maildir

    /// - Parameter analytics: whether it has a store of analytics of its own.
    init(in folder: String, applicationURL: String? = nil, analytics: Bool = false) throws {
        maildir = try Maildir(path: folder + "/mail")
        let from = try #require(MailAddress("rpcd <rpcd@example.org>"))
        let store =
            analytics ? try Backend.makeAnalyticsStore(on: TestCluster.analytics.get().freshDatabase()) : nil
        backend = try Backend(
            mail: (maildir, MailSettings(from: from, applicationURL: applicationURL)),
            analytics: store.map { ($0, Replicator.Settings()) })
    }

    /// Sends what waits, and gives what has arrived for somebody, oldest first. - Returns: headers and bodies, decoded.
    func mails(to name: String) async throws -> [String] {
        try await backend.platform.mailSender(log: { Issue.record("\($0)") })?.run()
        let script = """
            import sys, os, email, email.policy
            folder, name = sys.argv[1:]
            for file in sorted(os.listdir(folder), key=lambda f: os.stat(os.path.join(folder, f)).st_mtime_ns):
                m = email.message_from_file(open(os.path.join(folder, file)), policy=email.policy.default)
                if name in m['to']:
                    print(m['subject'], *[m.get_body((p,)).get_content() for p in ('plain', 'html')], sep='\\n', end='\\0')
            """
        let result = try await ServedProcess.run(
            "/usr/bin/env", ["python3", "-c", script, maildir.path + "/new", name])
        #expect(result.status == 0, "\(result.errors)")
        return result.output.split(separator: "\0").map(String.init)
    }

    /// The token of the latest mail to somebody: it stands on a line of its own.
    func token(to name: String) async throws -> String {
        let mail = try #require(try await mails(to: name).last)
        return try #require(
            mail.split(separator: "\n").map(String.init).first { line in
                line.count >= 43 && line.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
            })
    }
}
