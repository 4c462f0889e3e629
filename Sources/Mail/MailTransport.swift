/// Takes messages away. Blocks: it is for a thread that may.
public protocol MailTransport: Sendable {
    func send(_ message: MailMessage) throws(MailError)
    /// Breaks off what is under way, within about a second; nothing is taken any more. Any thread may call it.
    func stop()
}

extension MailTransport {
    /// For what takes a moment at most.
    public func stop() {}
}

/// Why a message was not taken.
public struct MailError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Whether another attempt makes no sense: the server does not want this message or knows no such receiver.
    public let isFinal: Bool
    /// Without addresses.
    public let description: String

    init(_ description: String, isFinal: Bool = false) {
        self.description = description
        self.isFinal = isFinal
    }
}
