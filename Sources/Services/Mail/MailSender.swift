import Cryptography
import Dispatch
import Identifiers
import JSON
import Mail
import Postgres
import RPC

/// Sends what waits in the outbox. A mail that the server has taken is deleted; if the daemon dies in between, it is sent again, under the same
/// Message-ID.
public struct MailSender: Sendable {
    private let pool: Pool
    private let vault: Vault
    private let transport: any MailTransport
    private let settings: MailSettings
    private let log: @Sendable (Notice) -> Void
    /// Where the transport may block.
    private let queue = DispatchQueue(label: "rpcd.mail")

    private static let batch = 10
    private static let firstRetrySeconds = 60
    private static let longestRetrySeconds = 6 * 3600
    private static let giveUpSeconds: Int64 = 3 * 86_400

    init(
        pool: Pool, vault: Vault, transport: any MailTransport, settings: MailSettings,
        log: @escaping @Sendable (Notice) -> Void
    ) {
        self.pool = pool
        self.vault = vault
        self.transport = transport
        self.settings = settings
        self.log = log
    }

    /// Sends what is due. When it is cancelled the mail under way is broken off, and what has been taken is due again at once.
    func run() async throws {
        try await withTaskCancellationHandler {
            try await sendDue()
        } onCancel: {
            transport.stop()
        }
    }

    private func sendDue() async throws {
        while !Task.isCancelled,
            case let mails = try await pool.upkeep({ try $0.all(Outbox.takeDue, MailSender.batch) }),
            !mails.isEmpty
        {
            // RETURNING keeps no order; who asked twice should find the last mail last.
            for mail in mails.sorted(by: { $0.createdAt < $1.createdAt }) {
                let outcome = Task.isCancelled ? .again(afterSeconds: 0) : await send(mail)
                try await pool.upkeep { tx in
                    switch outcome {
                    case .done: tx.queue(Outbox.deleteMail, mail.id)
                    case .again(let seconds): tx.queue(Outbox.postpone, mail.id, seconds)
                    }
                }
            }
        }
    }

    private enum Outcome {
        case done
        case again(afterSeconds: Int)
    }

    private func send(_ taken: Outbox.Taken) async -> Outcome {
        do {
            let message = try message(taken)
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                queue.async { [transport] in
                    continuation.resume(with: Result { try transport.send(message) })
                }
            }
            return .done
        } catch {
            guard !Task.isCancelled else { return .again(afterSeconds: 0) }
            let isFinal = (error as? MailError)?.isFinal ?? false
            let isOld = Timestamp.now.seconds - taken.createdAt.seconds > MailSender.giveUpSeconds
            log(
                Notice(
                    .mailNotSent,
                    "Mail \(taken.id) (\(taken.kind)) was not sent, attempt \(taken.attempts): \(error)"
                        + (isFinal || isOld ? "; it is given up" : "")))
            guard !isFinal, !isOld else { return .done }
            let doubled = MailSender.firstRetrySeconds << min(taken.attempts - 1, 10)
            return .again(afterSeconds: min(doubled, MailSender.longestRetrySeconds))
        }
    }

    private func message(_ taken: Outbox.Taken) throws -> MailMessage {
        let opened = try vault.open(taken.box, mail: taken.id, keyVersion: taken.keyVersion)
        let json = try JSON.parse(opened.withUnsafeBytes { Array($0) })
        guard let kind = Mail.Kind(rawValue: taken.kind), let token = json["token"]?.string,
            let workspace = json["workspace"]?.string, let role = json["role"]?.string
        else { throw Vault.Fault.unreadable }
        let text = MailText(
            Mail(kind: kind, token: token, workspace: workspace, role: role), settings)
        return MailMessage(
            id: taken.id, from: settings.from, to: taken.recipient, subject: text.subject, text: text.text,
            html: text.html, date: taken.createdAt)
    }
}
