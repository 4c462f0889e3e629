import Mail
import Services

extension Settings {
    /// How mails leave, and who they are from; `nil` when they do not.
    func mail() throws -> (transport: any MailTransport, settings: MailSettings)? {
        guard let from = mailFrom else { return nil }
        let words = MailSettings(from: from, applicationURL: applicationURL)
        if let smtpURL {
            let host = smtpURL.split(separator: "/").dropFirst().first?.split(separator: "@").last ?? ""
            let isLocal = ["localhost", "127.0.0.1", "[::1]"].contains {
                host == $0 || host.hasPrefix($0 + ":")
            }
            let configuration = SMTPTransport.Configuration(
                url: smtpURL, requiresTLS: smtpRequiresTLS ?? !isLocal, authorities: smtpAuthorities)
            return (try SMTPTransport(configuration), words)
        }
        return try maildir.map { (try Maildir(path: $0), words) }
    }
}
