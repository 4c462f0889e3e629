import CCurl
import Glibc
import Synchronization

/// Sends by SMTP (RFC 5321), through libcurl.
public final class SMTPTransport: MailTransport {
    /// How messages go to the server.
    public struct Configuration: Sendable {
        /// `smtp://user:password@host:587`, or `smtps://…` for TLS from the first byte.
        public var url: String
        /// Whether `smtp://` has to go over to TLS (STARTTLS, RFC 3207) before anything is said.
        public var requiresTLS: Bool
        /// PEM certificates that are trusted instead of the system's.
        public var authorities: String?

        public init(url: String, requiresTLS: Bool, authorities: String? = nil) {
            self.url = url
            self.requiresTLS = requiresTLS
            self.authorities = authorities
        }
    }

    /// Safe to share: the handle is used under the lock alone; libcurl keeps the connection in it for the next message.
    private struct Handle: @unchecked Sendable {
        let curl: UnsafeMutableRawPointer
    }

    private let configuration: Configuration
    private let handle: Mutex<Handle>
    private let stopping = Stop()

    private final class Stop: Sendable {
        let isAsked = Atomic(false)
    }

    private static let connectSeconds = 10
    private static let seconds = 30

    public init(_ configuration: Configuration) throws(MailError) {
        guard rpcd_curl_start() != 0, let curl = curl_easy_init() else {
            throw MailError("libcurl does not start")
        }
        self.configuration = configuration
        handle = Mutex(Handle(curl: curl))
    }

    deinit { handle.withLock { curl_easy_cleanup($0.curl) } }

    public func stop() { stopping.isAsked.store(true, ordering: .relaxed) }

    /// What libcurl has still to read.
    private final class Upload {
        let bytes: [UInt8]
        var position = 0

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
        }
    }

    public func send(_ message: MailMessage) throws(MailError) {
        let result = handle.withLock { handle in
            Result { () throws(MailError) in try send(message, with: handle.curl) }
        }
        try result.get()
    }

    private func send(_ message: MailMessage, with curl: UnsafeMutableRawPointer) throws(MailError) {
        curl_easy_reset(curl)
        guard let receivers = curl_slist_append(nil, "<\(message.to)>") else { throw MailError("No memory") }
        defer { curl_slist_free_all(receivers) }
        let upload = Upload(message.bytes)
        var settings = [
            rpcd_curl_set_text(curl, CURLOPT_URL, configuration.url),
            rpcd_curl_set_text(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps"),
            rpcd_curl_set_text(curl, CURLOPT_MAIL_FROM, "<\(message.from.address)>"),
            rpcd_curl_set_pointer(curl, CURLOPT_MAIL_RCPT, receivers),
            rpcd_curl_set_long(curl, CURLOPT_UPLOAD, 1),
            rpcd_curl_set_long(curl, CURLOPT_NOSIGNAL, 1),
            rpcd_curl_set_long(curl, CURLOPT_CONNECTTIMEOUT, SMTPTransport.connectSeconds),
            rpcd_curl_set_long(curl, CURLOPT_TIMEOUT, SMTPTransport.seconds),
            rpcd_curl_set_long(
                curl, CURLOPT_USE_SSL,
                Int((configuration.requiresTLS ? CURLUSESSL_ALL : CURLUSESSL_NONE).rawValue)),
            rpcd_curl_set_reader(
                curl,
                { buffer, size, count, context in
                    guard let buffer, let context else { return 0 }
                    let upload = Unmanaged<Upload>.fromOpaque(context).takeUnretainedValue()
                    let length = min(size * count, upload.bytes.count - upload.position)
                    upload.bytes.withUnsafeBytes {
                        UnsafeMutableRawPointer(buffer).copyMemory(
                            from: UnsafeRawBufferPointer(
                                rebasing: $0[upload.position..<upload.position + length]
                            )
                            .baseAddress ?? UnsafeRawPointer(buffer), byteCount: length)
                    }
                    upload.position += length
                    return length
                }, Unmanaged.passUnretained(upload).toOpaque()),
        ]
        settings.append(
            rpcd_curl_set_progress(
                curl,
                { context, _, _, _, _ in
                    guard let context else { return 0 }
                    let stop = Unmanaged<Stop>.fromOpaque(context).takeUnretainedValue()
                    return stop.isAsked.load(ordering: .relaxed) ? 1 : 0
                }, Unmanaged.passUnretained(stopping).toOpaque()))
        if let authorities = configuration.authorities {
            settings.append(rpcd_curl_set_text(curl, CURLOPT_CAINFO, authorities))
        }
        guard settings.allSatisfy({ $0 == CURLE_OK }) else {
            throw MailError("libcurl does not take the settings: is RPCD_SMTP_URL a URL?")
        }
        let code = withExtendedLifetime(upload) { curl_easy_perform(curl) }
        guard code != CURLE_OK else { return }
        let status = rpcd_curl_response_code(curl)
        let reason = curl_easy_strerror(code).map { String(cString: $0) } ?? "\(code.rawValue)"
        // RFC 5321 §4.2.3: about the receiver or the message. A login that is refused is about the settings.
        throw MailError(
            "\(reason), the server said \(status)",
            isFinal: (550...554).contains(status) && code != CURLE_LOGIN_DENIED)
    }
}
