import Cryptography
import Identifiers
import JSON
import Mail
import Postgres
import RPC

/// What a mail tells.
struct Mail: Sendable, Equatable {
    enum Kind: String, Sendable, CaseIterable {
        case verifyEmail, resetPassword, invitation
    }

    let kind: Kind
    /// What the receiver has to show.
    let token: String
    /// Of an invitation: where to.
    var workspace = ""
    /// Of an invitation: as what.
    var role = ""

    var json: [UInt8] {
        JSONWriter.object { writer in
            writer.key("token")
            writer.string(token)
            writer.key("workspace")
            writer.string(workspace)
            writer.key("role")
            writer.string(role)
        }
    }
}

/// Takes mails in, in the transaction of what they tell of.
struct Outbox: Sendable {
    let vault: Vault
    /// Without a way to send, nothing is taken in.
    let isOpen: Bool

    /// - Parameter id: of the mail, where the caller has a use for it.
    func put(_ tx: borrowing Transaction, _ mail: Mail, to recipient: Email) throws {
        guard isOpen else { return }
        let id = UUID.random()
        let version = vault.currentKeyVersion
        try vault.register(version, in: tx)
        tx.queue(
            Outbox.insertMail, id, mail.kind.rawValue, recipient.text,
            try vault.seal(mail.json, mail: id, keyVersion: version), version, expecting: 1)
    }

    /// The same, for whoever holds the token of a hash; nothing, when nobody does. It does the same work either way.
    func put(_ tx: borrowing Transaction, _ mail: Mail, to recipient: Email, ifKept tokenHash: [UInt8]) throws
    {
        guard isOpen else { return }
        let id = UUID.random()
        let version = vault.currentKeyVersion
        try vault.register(version, in: tx)
        tx.queue(
            Outbox.insertMailIfKept, id, mail.kind.rawValue, recipient.text,
            try vault.seal(mail.json, mail: id, keyVersion: version), version, tokenHash)
    }
}
