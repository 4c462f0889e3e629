import ArgumentParser
import Glibc

@main
struct ProviderSimulator: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rpcd-provider-sim",
        abstract: "Simulates the HTTP APIs of enrichment providers, the good ones and the bad.",
        discussion: """
            GET or POST /v1/{provider}/{operation} answers for a person or company, with Authorization: Bearer KEY or \
            X-Api-Key: KEY, whatever the key. The same seed, provider and input always give the same answer; \
            faults are drawn for each attempt, so that a retry may succeed.

            Providers that are there: \(Behaviour.standard.keys.sorted().joined(separator: ", ")).

            POST /hooks/{name} takes webhooks and keeps them.

            GET|PUT|DELETE /control/providers/{name}   a provider's behaviour, as JSON
            GET|PUT|DELETE /control/hooks/{name}       how a hook answers; what it was sent
            GET|DELETE     /control/calls              how often each input was asked about
            GET|POST       /control/expect             what must come out for an input
            GET            /control                    the seed; the trap for redirects

            Once it listens it prints "ready http=HOST:PORT". SIGTERM and SIGINT end it. It is for tests and \
            demonstrations: whoever reaches its port controls it.
            """)

    @Option(help: "Where HTTP listens, as 127.0.0.1:8090; port 0 chooses one.")
    var listen = "127.0.0.1:0"

    @Option(help: "Where the answers and the faults come from; 0 to 18446744073709551615.")
    var seed: UInt64 = 1

    @Option(help: "A file of further providers, as {\"providers\":{NAME: BEHAVIOUR}}.")
    var config: String?

    @Flag(
        help:
            "Ends with its standard input, so that it does not outlive the process that holds the other end.")
    var untilInputEnds = false

    func run() throws {
        guard let (host, port) = Self.hostAndPort(listen) else {
            throw ValidationError("--listen: got \(listen), takes HOST:PORT")
        }
        // Blocked before there are threads, so that all of them leave these signals to sigwait.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        signal(SIGPIPE, SIG_IGN)
        Self.raiseDescriptorLimit()
        do {
            let configuration = try Configuration(seed: seed, file: try config.map(Self.contents))
            let server = try Server.start(host: host, port: port, configuration)
            Self.write("ready http=\(server.address)\n", to: STDOUT_FILENO)
        } catch {
            Self.write("rpcd-provider-sim: \(error)\n", to: STDERR_FILENO)
            throw error is BadInput ? ExitCode(78) : .failure
        }
        if untilInputEnds { Self.endWithInput() }
        var received: Int32 = 0
        sigwait(&signals, &received)
        // Answers that are under way are nobody's loss.
        Glibc.exit(0)
    }

    /// Has a thread read standard input to its end, and then sends SIGTERM to this process.
    private static func endWithInput() {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { _ in
                var bytes = [UInt8](repeating: 0, count: 256)
                while read(STDIN_FILENO, &bytes, bytes.count) > 0 {}
                kill(getpid(), SIGTERM)
                return nil
            }, nil)
    }

    private static func hostAndPort(_ text: String) -> (String, Int)? {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { return nil }
        let host = text[..<colon].drop { $0 == "[" }.prefix { $0 != "]" }
        return host.isEmpty ? nil : (String(host), port)
    }

    /// Hanging calls need a descriptor each.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 16_384)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private static let maximumFile = 4 * 1024 * 1024

    private static func contents(of path: String) throws(BadInput) -> [UInt8] {
        guard let file = fopen(path, "re") else {
            throw BadInput("--config: \(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: maximumFile + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        guard ferror(file) == 0, count <= maximumFile else {
            throw BadInput("--config: \(path) is not a file of at most \(maximumFile) bytes")
        }
        return Array(bytes.prefix(count))
    }

    private static func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}
