import Egress
import Glibc
import Mail
import Postgres
import RPC
import Resilience
import Services
import Transports

/// A setting that does not fit. The daemon does not start with one; exit status 78 (EX_CONFIG of sysexits.h).
struct SettingError: Error, CustomStringConvertible {
    let description: String

    /// - Parameter origin: where the value stands, where that is known and helps.
    init(_ key: String, got value: String?, takes: String, in origin: Settings.Origin? = nil) {
        var place = ""
        if case .file? = origin { place = origin.map { " (\($0))" } ?? "" }
        description =
            "\(key): " + (value.map { "got '\($0)', " } ?? "is missing, ") + "takes \(takes)" + place
    }

    init(_ key: String, because reason: String) {
        description = "\(key): \(reason)"
    }
}

/// Everything an operator can set: by environment, or as the same keys in the file that `RPCD_CONFIG` names.
struct Settings {
    var databaseURL: String?
    /// Of the server itself, where the other is a transaction pooler's.
    var directURL: String?
    var jobs = JobRunner.Settings()
    var resultSeconds: Int64 = 30 * 86_400
    /// `nil`: for ever.
    var jobRetentionSeconds: Int64? = Platform.usualJobRetentionSeconds
    var analytics = Analytics()
    var fleet = Fleet()
    var socket = Settings.defaultSocket
    var poolSize = 8
    var logLevel = Log.Level.info
    var rates = Rates(auth: .off, general: .off)
    var registrationIsOpen = true
    var operatorUIDs: Set<UInt32> = []
    var jwtKeyFile: String?
    var masterKeyFile: String?
    var migrations: String?
    var smtpURL: String?
    var smtpRequiresTLS: Bool?
    var smtpAuthorities: String?
    var mailFrom = MailAddress("rpcd@localhost")
    var applicationURL: String?
    /// Where mails go when there is no SMTP server; not a setting: `rpcd dev` knows.
    var maildir: String?
    var egress = EgressPolicy.publicOnly
    /// When it is another one than for everything else.
    var webhookEgress: EgressPolicy?
    var egressAuthorities: String?
    var redis = RedisSettings()
    var traces = TraceExporter.Settings()
    var limits = Limits()
    var httpListen = "127.0.0.1:8080"
    var http = HTTPOptions()
    var adminListen = "off"
    var operatorTokenFile: String?
    var providers: String?
    var providerKeys: String?

    /// One of them: what it is called, what it takes, and how it is read. `help config` is this list.
    struct Declaration: Sendable {
        let key: String
        let takes: String
        let standard: String?
        let summary: String
        /// A value that may hold a password is not repeated in errors.
        var isSecret = false
        let apply: @Sendable (inout Settings, String) -> Bool
    }

    private static let defaultSocket =
        (getenv("RUNTIME_DIRECTORY").map { String(cString: $0) } ?? "/run/rpcd") + "/rpcd.sock"

    static let declarations: [Declaration] =
        [
            Declaration(
                key: "RPCD_DATABASE_URL", takes: "a libpq connection string or URL", standard: nil,
                summary: "the PostgreSQL database", isSecret: true
            ) {
                $0.databaseURL = $1
                return ConnectionString.isValid($1)
            },
            Declaration(
                key: "RPCD_DATABASE_DIRECT_URL", takes: "a libpq connection string or URL",
                standard: "RPCD_DATABASE_URL",
                summary:
                    "the same database without a transaction pooler between, for LISTEN, locks of sessions and migrations",
                isSecret: true
            ) {
                $0.directURL = $1
                return ConnectionString.isValid($1)
            },
            Declaration(
                key: "RPCD_RESULT_TTL", takes: "a number of days from 1 to 3650", standard: "30",
                summary: "how long a provider's answer is good; asking again within that time is free"
            ) {
                guard let days = Int64($1), (1...3650).contains(days) else { return false }
                $0.resultSeconds = days * 86_400
                return true
            },
            Declaration(
                key: "RPCD_JOB_RETENTION", takes: "a number of days from 1 to 3650, or off", standard: "400",
                summary: "how long a job and its results are kept once it has ended; off keeps them for ever"
            ) {
                $0.jobRetentionSeconds = nil
                guard $1 != "off" else { return true }
                guard let days = Int64($1), (1...3650).contains(days) else { return false }
                $0.jobRetentionSeconds = days * 86_400
                return true
            },
            Declaration(
                key: "RPCD_JOBS_IN_FLIGHT", takes: "a number from 1 to 10000", standard: "400",
                summary: "tasks of jobs that this daemon works on at once"
            ) {
                guard let count = Int($1), (1...10_000).contains(count) else { return false }
                $0.jobs.inFlight = count
                return true
            },
            Declaration(
                key: "RPCD_SOCKET", takes: "an absolute path of at most 107 bytes", standard: defaultSocket,
                summary: "the Unix socket"
            ) {
                $0.socket = $1
                return $1.hasPrefix("/") && $1.utf8.count <= 107
            },
            Declaration(
                key: "RPCD_HTTP_LISTEN", takes: "HOST:PORT, or off", standard: "127.0.0.1:8080",
                summary: "the HTTP adapter"
            ) {
                $0.httpListen = $1
                return $1 == "off" || Settings.hostAndPort($1) != nil
            },
            Declaration(
                key: "RPCD_ADMIN_LISTEN", takes: "HOST:PORT, or off", standard: "off",
                summary: "HTTP for the operator alone: /metrics and /admin are found only here"
            ) {
                $0.adminListen = $1
                return $1 == "off" || Settings.hostAndPort($1) != nil
            },
            Declaration(
                key: "RPCD_OPERATOR_TOKEN_FILE",
                takes: "the path of a file with 32 to 512 visible characters, mode 0600 or stricter",
                standard: "$CREDENTIALS_DIRECTORY/operator-token",
                summary: "the bearer token of RPCD_ADMIN_LISTEN"
            ) {
                $0.operatorTokenFile = $1
                return !$1.isEmpty
            },
            Declaration(
                key: "RPCD_CORS_ORIGINS",
                takes: "origins as https://app.example.org, separated by commas, or *",
                standard: "", summary: "web pages that may call"
            ) {
                $0.http.corsOrigins = Set($1.split(separator: ",").map(String.init))
                return $0.http.corsOrigins.allSatisfy { $0 == "*" || $0.contains("://") }
            },
            Declaration(
                key: "RPCD_TRUSTED_PROXIES",
                takes: "IP addresses or ranges as 10.0.0.0/8, separated by commas",
                standard: "", summary: "proxies whose X-Forwarded-For is believed"
            ) {
                let ranges = $1.split(separator: ",").map { AddressRange(String($0)) }
                $0.http.trustedProxies = ranges.compactMap { $0 }
                return !ranges.contains(nil)
            },
            Declaration(
                key: "RPCD_POOL_SIZE", takes: "a number from 1 to 500", standard: "8",
                summary: "connections to PostgreSQL"
            ) {
                guard let size = Int($1), (1...500).contains(size) else { return false }
                $0.poolSize = size
                return true
            },
            Declaration(
                key: "RPCD_LOG_LEVEL", takes: "debug, info, warning or error", standard: "info",
                summary: "what is logged; debug tells of every call"
            ) {
                guard let level = Log.Level(name: $1) else { return false }
                $0.logLevel = level
                return true
            },
            Declaration(
                key: "RPCD_RATE_AUTH", takes: "a rate as 5/min or 20/s, or off", standard: "5/min",
                summary: "calls of class auth, of each caller"
            ) {
                guard let rate = RateLimit(parsing: $1) else { return false }
                $0.rates.auth = rate
                return true
            },
            Declaration(
                key: "RPCD_RATE_GENERAL", takes: "a rate as 100/min or 20/s, or off", standard: "100/min",
                summary: "all other calls, of each caller"
            ) {
                guard let rate = RateLimit(parsing: $1) else { return false }
                $0.rates.general = rate
                return true
            },
            Declaration(
                key: "RPCD_REGISTRATION", takes: "on or off", standard: "on",
                summary: "whether anybody may make himself an account"
            ) {
                $0.registrationIsOpen = $1 == "on"
                return $1 == "on" || $1 == "off"
            },
            Declaration(
                key: "RPCD_OPERATOR_UIDS", takes: "numeric uids, separated by commas", standard: "",
                summary: "who is the operator on the socket, beside root and the daemon's own uid"
            ) {
                let uids = $1.split(separator: ",").map { UInt32($0) }
                $0.operatorUIDs = Set(uids.compactMap { $0 })
                return !uids.contains(nil)
            },
            Declaration(
                key: "RPCD_JWT_KEY_FILE",
                takes: "the path of a file with a line a key, mode 0600 or stricter",
                standard: "$CREDENTIALS_DIRECTORY/jwt-key",
                summary: "the keys of access tokens: the newest signs, all verify"
            ) {
                $0.jwtKeyFile = $1
                return !$1.isEmpty
            },
            Declaration(
                key: "RPCD_MASTER_KEY_FILE",
                takes: "the path of a file with a line a key, mode 0600 or stricter",
                standard: "$CREDENTIALS_DIRECTORY/master-key",
                summary: "the keys that provider credentials are sealed with"
            ) {
                $0.masterKeyFile = $1
                return !$1.isEmpty
            },
            Declaration(
                key: "RPCD_SMTP_URL",
                takes: "a URL as smtp://user:password@mail.example.org:587, or smtps://…",
                standard: nil, summary: "the server that takes mails; without one none are sent",
                isSecret: true
            ) {
                $0.smtpURL = $1
                return $1.hasPrefix("smtp://") || $1.hasPrefix("smtps://")
            },
            Declaration(
                key: "RPCD_SMTP_TLS", takes: "required or off", standard: "required, off for localhost",
                summary: "whether smtp:// has to go over to TLS before anything is said"
            ) {
                $0.smtpRequiresTLS = $1 == "required"
                return $1 == "required" || $1 == "off"
            },
            Declaration(
                key: "RPCD_SMTP_CA_FILE", takes: "the path of a file of PEM certificates",
                standard: "the system's", summary: "whom to trust as the mail server"
            ) {
                $0.smtpAuthorities = $1
                return !$1.isEmpty
            },
            Declaration(
                key: "RPCD_MAIL_FROM", takes: "an address as Acme <noreply@example.org>",
                standard: "rpcd@localhost", summary: "whom mails are from"
            ) {
                $0.mailFrom = MailAddress($1)
                return $0.mailFrom != nil
            },
            Declaration(
                key: "RPCD_APP_URL", takes: "a URL as https://app.example.org", standard: nil,
                summary: "the application whose pages the links in mails lead to; without it mails tell codes"
            ) {
                $0.applicationURL = $1.hasSuffix("/") ? String($1.dropLast()) : $1
                return $1.hasPrefix("https://") || $1.hasPrefix("http://")
            },
            Declaration(
                key: "RPCD_MIGRATIONS", takes: "the path of a folder", standard: "found beside the program",
                summary: "the migrations"
            ) {
                $0.migrations = $1
                return !$1.isEmpty
            },
        ]
        + outgoing + ofAnalytics + sharing + ofFleet + tracing
        + Limits.all.map { entry in
            Declaration(
                key: entry.setting,
                takes: "a number from \(entry.range.lowerBound) to \(entry.range.upperBound)",
                standard: "\(entry.get(Limits()))", summary: entry.summary
            ) {
                guard let value = Int64($1), entry.range.contains(value) else { return false }
                entry.set(&$0.limits, value)
                return true
            }
        }

    /// `127.0.0.1:8080`, `[::1]:8080`.
    static func hostAndPort(_ text: String) -> (host: String, port: Int)? {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port), colon > text.startIndex
        else { return nil }
        let host = text[..<colon]
        return (
            host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : String(host),
            port
        )
    }
}

/// The environment of this process.
func environmentVariables() -> [String: String] {
    var variables: [String: String] = [:]
    var next = environ
    while let entry = next.pointee {
        let text = String(cString: entry)
        if let equals = text.firstIndex(of: "=") {
            variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        next += 1
    }
    return variables
}

/// What other programs get of it: nothing that is this program's own, as passwords in settings.
func environmentForOthers() -> [String: String] {
    environmentVariables().filter {
        !$0.key.hasPrefix("RPCD_") && !["CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET"].contains($0.key)
    }
}

/// Whether it is a file, not a folder, a pipe or a device.
func isRegularFile(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
}

/// The bytes of a file of at most `limit` bytes, `nil` when it cannot be read.
func readFile(_ path: String, limit: Int) -> [UInt8]? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    let count = fread(&bytes, 1, bytes.count, file)
    guard ferror(file) == 0, count <= limit else { return nil }
    return Array(bytes[..<count])
}
