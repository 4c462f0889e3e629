import Glibc
import JSON
import Mail
import Transports

extension Doctor {
    // MARK: mail

    func mail() async throws -> [Finding] {
        guard let url = settings.smtpURL else {
            if let maildir = settings.maildir { return [.ok("mails go to \(maildir)")] }
            return [
                .warning(
                    "RPCD_SMTP_URL is not set: nobody gets mails, so passwords cannot be reset",
                    do: "set it, and RPCD_MAIL_FROM")
            ]
        }
        guard let place = Doctor.mailServer(url) else {
            return [
                .failure(
                    "RPCD_SMTP_URL names no host", do: "as smtp://user:password@mail.example.org:587")
            ]
        }
        var findings: [Finding] = []
        if settings.mailFrom == MailAddress("rpcd@localhost") {
            findings.append(
                .warning(
                    "mails are from rpcd@localhost: most servers refuse that",
                    do: "set RPCD_MAIL_FROM to an address of your domain"))
        }
        let fault = try await onOwnThread { Doctor.probe(place, milliseconds: milliseconds) }
        if let fault {
            findings.append(
                .failure(
                    "the mail server \(place.host):\(place.port) \(fault)",
                    do: "see whether it runs and RPCD_SMTP_URL is right; mails wait for three days"))
        }
        return findings.orElse(.ok("\(place.host):\(place.port) answers"))
    }

    struct MailServer: Sendable {
        let host: String
        let port: String
        /// Whether it speaks first: not where TLS does.
        let greets: Bool
    }

    static func mailServer(_ url: String) -> MailServer? {
        let isSecure = url.hasPrefix("smtps://")
        let rest = url.dropFirst(isSecure ? "smtps://".count : "smtp://".count)
        let place =
            rest.prefix { $0 != "/" }.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        let (host, port): (Substring, Substring)
        if place.hasPrefix("["), let end = place.firstIndex(of: "]") {
            host = place[place.index(after: place.startIndex)..<end]
            port = place[place.index(after: end)...].drop { $0 == ":" }
        } else {
            host = place.prefix { $0 != ":" }
            port = place.dropFirst(host.count).drop { $0 == ":" }
        }
        guard !host.isEmpty else { return nil }
        return MailServer(
            host: String(host), port: port.isEmpty ? (isSecure ? "465" : "25") : String(port),
            greets: !isSecure)
    }

    /// Blocks. - Returns: what is the matter.
    private static func probe(_ server: MailServer, milliseconds: Int) -> String? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(server.host, server.port, &hints, &list)
        guard status == 0, let list else {
            return "is not known: " + String(cString: gai_strerror(status))
        }
        defer { freeaddrinfo(list) }
        var reason = "cannot be reached"
        var next: UnsafeMutablePointer<addrinfo>? = list
        while let entry = next {
            let address = entry.pointee
            next = address.ai_next
            let descriptor = Glibc.socket(
                address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), address.ai_protocol)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            // The time to connect is bounded by that of sending (socket(7)).
            var timeout = timeval(tv_sec: milliseconds / 1000, tv_usec: 0)
            for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
                setsockopt(descriptor, SOL_SOCKET, option, &timeout, socklen_t(MemoryLayout<timeval>.size))
            }
            guard connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 else {
                reason = "cannot be reached: " + String(cString: strerror(errno))
                continue
            }
            guard server.greets else { return nil }
            var greeting = [UInt8](repeating: 0, count: 512)
            let count = recv(descriptor, &greeting, greeting.count, 0)
            guard count > 0 else { return "says nothing" }
            // RFC 5321, 4.3.1.
            return greeting.starts(with: "220".utf8) ? nil : "is no mail server, or takes no mails now"
        }
        return reason
    }

    // MARK: the daemon

    func daemon() async throws -> [Finding] {
        try await onOwnThread {
            let version: JSON
            let ready: JSON
            do {
                let connection = try UnixSocketClient(
                    path: settings.socket, timeoutSeconds: max(1, seconds))
                // Only the operator is told; whoever else looks waits.
                let metrics = try Doctor.call("system.metrics", on: connection)["result"]?["text"]?.string
                if let waiting = PrometheusReading(metrics ?? "").integer("rpcd_paused_calls"), waiting >= 0 {
                    return [
                        .warning("the daemon is paused, and \(waiting) calls wait", do: "rpcd resume")
                    ]
                }
                version = try Doctor.call("system.version", on: connection)
                ready = try Doctor.call("system.ready", on: connection)
            } catch let error as SocketError {
                return [
                    .warning(
                        "no daemon answers: \(error)",
                        do:
                            "start it: systemctl start \(unit), or rpcd dev; as another user of the host, join its group"
                    )
                ]
            }
            return Doctor.judge(version: version["result"], ready: ready)
        }
    }

    static func call(_ method: String, on connection: UnixSocketClient) throws -> JSON {
        try connection.send(DaemonCall.request(method, [:]) + [UInt8(ascii: "\n")])
        guard let line = try connection.line() else { throw CommandFailure("the daemon has closed") }
        return try JSON.parse(line, maxDepth: 512)
    }

    static func judge(version: JSON?, ready: JSON) -> [Finding] {
        var findings: [Finding] = []
        let number = version?["version"]?.string ?? "unknown"
        let commit = version?["commit"]?.string ?? "unknown"
        if number != Release.version || commit != Release.commit {
            findings.append(
                .warning(
                    "the daemon that runs is \(number) (\(commit)), this program \(Release.version) (\(Release.commit))",
                    do: "restart it, so that it is what is installed: systemctl restart rpcd"))
        }
        if let error = ready["error"] {
            findings.append(
                .failure(
                    "the daemon answers and serves nothing: \(error["message"]?.string ?? "")",
                    do: "see database; journalctl -u rpcd -n 50"))
        } else if ready["result"]?["status"]?.string == "degraded" {
            findings.append(
                .warning(
                    "the daemon serves without some of its stores: \(ready["result"]?["checks"]?.source ?? "")",
                    do: "see analytics, redis"))
        }
        return findings.orElse(.ok("version \(number) (\(commit)) answers and is ready"))
    }
}
