import Identifiers
import Mail

/// Where mails come from and where their links lead.
public struct MailSettings: Sendable {
    public var from: MailAddress
    /// Of the application in front of the API, as `https://app.example.org`; without it a mail tells the code alone.
    public var applicationURL: String?

    public init(from: MailAddress, applicationURL: String?) {
        self.from = from
        self.applicationURL = applicationURL
    }
}

/// What a mail says, plain and as HTML.
struct MailText {
    let subject: String
    let text: String
    let html: String

    init(_ mail: Mail, _ settings: MailSettings) {
        let paragraphs: (before: String, after: String)
        let path: String
        switch mail.kind {
        case .verifyEmail:
            subject = "Confirm your email address"
            path = "/verify-email"
            paragraphs = (
                "An account was made with this address. To confirm that it is yours, use this within three days:",
                "If it was not you who made it, there is nothing to do."
            )
        case .resetPassword:
            subject = "Set a new password"
            path = "/reset-password"
            paragraphs = (
                "Somebody asked for a new password for your account. To set one, use this within an hour:",
                "If it was not you, there is nothing to do: your password stays as it is."
            )
        case .invitation:
            subject = "Invitation to \(mail.workspace)"
            path = "/accept-invitation"
            paragraphs = (
                "You are invited to \(mail.workspace) as \(mail.role). Log in with an account of this address, and use this within seven days:",
                "If you do not expect this, there is nothing to do."
            )
        }
        // In the fragment, which browsers send to nobody: no server's log gets to see it.
        let link = settings.applicationURL.map { "\($0)\(path)#token=\(mail.token)" }
        text =
            [paragraphs.before, link ?? "", mail.token, paragraphs.after].filter { !$0.isEmpty }.joined(
                separator: "\n\n") + "\n"
        let name = MailText.escaped(subject)
        let use = link.map { "<p><a href=\"\(MailText.escaped($0))\">\(name)</a></p>" } ?? ""
        html =
            "<!doctype html>\n<html><body>\n<p>\(MailText.escaped(paragraphs.before))</p>\n\(use)\n"
            + "<p><code>\(mail.token)</code></p>\n<p>\(MailText.escaped(paragraphs.after))</p>\n</body></html>\n"
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
    }
}
