import Cryptography
import Egress
import Glibc
import NIOCore
import NIOPosix
import Postgres
import RPC
import Resilience
import Services
import Systemd
import Transports

/// A daemon whose parts have been put together, but that serves nobody yet.
struct Daemon {
    let dispatcher: Dispatcher
    let log: Log
    let pool: Pool
    private let reads: [ReadPipeline]
    let platform: Platform
    /// Of the socket, and of standard input and output.
    let group: MultiThreadedEventLoopGroup
    let httpGroup: MultiThreadedEventLoopGroup
    let gate: ConnectionGate
    let health: EventLoopHealth
    let verdict = ReloadVerdict()
    let settings: Settings
    /// As they were read at the start.
    let reading: Settings.Reading
    private let jobs: JobRunner
    let calls: CallGate
    let system: Services.System
    private let tracing: TraceExporter?
    private let listening: Listening

    /// In the working folder, in the source that this was built in, or where a package puts them.
    static func folders(_ name: String) -> [String] {
        ["", executableFolder + "/../../../", executableFolder + "/../share/rpcd/"].map { $0 + name }
    }

    /// Within reason: each event loop has a connection to PostgreSQL.
    private static let processors = min(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), 8)

    /// That it may have open to the database at once: of the pool, one for each event loop, to listen, and for the lock of the one who sends
    /// to analytics.
    static func mostConnections(_ settings: Settings) -> Int {
        settings.poolSize + max(1, processors / 2) + processors + 2
    }

    static let executableFolder: String = {
        guard let path = realpath("/proc/self/exe", nil) else { return "." }
        defer { free(path) }
        return String(String(cString: path).reversed().drop { $0 != "/" }.reversed().dropLast())
    }()

    /// Connects nothing: the pool does that on its own, and goes on trying.
    /// - Parameter reading: what `settings` are made of; a reload is compared with it.
    /// - Throws: ``SettingError``.
    init(_ settings: Settings, reading: Settings.Reading = Settings.read()) throws {
        self.reading = reading
        let server = try settings.server()
        let log = Log(level: settings.logLevel)
        ProcessLimits.settle(connections: settings.limits.connections, log)
        // Before any key is read.
        if !CoreDumps.forbid() { log.write(Notice(.setting, "A crash may leave keys in a core dump")) }
        let tokens = try Tokens(keys: KeyFiles.signingKeys(settings))
        pool = Pool(PoolConfiguration(server: server, size: settings.poolSize))
        // What comes by the socket goes to the database: the other half of the processors is PostgreSQL's. HTTP has work of its own.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, Daemon.processors / 2))
        let httpGroup = MultiThreadedEventLoopGroup(numberOfThreads: Daemon.processors)
        // One for each loop: what is read by key stays on it from socket to database and back.
        let loops = Array(group.makeIterator()) + Array(httpGroup.makeIterator())
        reads = try loops.map {
            try ReadPipeline(server, reactor: EventLoopReactor(eventLoop: $0))
        }
        self.group = group
        self.httpGroup = httpGroup
        let tracing = try settings.traces.endpoint.map { try TraceExporter($0, version: Release.version) }
        self.tracing = tracing
        let platform = Platform(
            pool: pool, reads: reads, passwords: PasswordWorkers(count: 2), tokens: tokens,
            masterKeys: try KeyFiles.watchedMasterKeys(settings), mail: try settings.mail(),
            webhooks: try HTTPClient(
                .webhooks(settings.webhookEgress ?? settings.egress, authorities: settings.egressAuthorities)),
            registrationIsOpen: settings.registrationIsOpen, limits: settings.limits,
            jobRetentionSeconds: settings.jobRetentionSeconds,
            providers: try settings.providerSetup(), analytics: try settings.analyticsService(),
            shared: try settings.redis.sharedMemory(on: loops), replica: settings.replica(),
            tracer: tracing.map { exporter in
                Tracer(ratio: settings.traces.ratio) { exporter.add(Span($0)) }
            } ?? .off)
        self.platform = platform
        jobs = JobRunner(platform, settings.jobs) { log.write($0) }
        let metrics = CallMetrics()
        let calls = CallGate()
        self.calls = calls
        let gate = ConnectionGate(settings.limits)
        self.gate = gate
        let listening = Listening()
        self.listening = listening
        let health = EventLoopHealth(loops)
        self.health = health
        system = Services.System(
            version: Release.version, commit: Release.commit, limits: settings.limits, pool: pool,
            metrics: metrics, platform: platform, gate: calls
        ) { text in
            health.writeMetrics(to: &text)
            listening.writeMetrics(to: &text)
            text.gauge("rpcd_connections", "Connections of callers, on every transport.", gate.count)
            tracing?.writeMetrics(to: &text)
        } notice: {
            log.write($0)
        }
        let registry = try Daemon.registry(system, platform)
        var settings = settings
        settings.http.openAPI = OpenAPI.document(of: registry.methods, version: Release.version)
        dispatcher = Dispatcher(
            registry: registry, limits: settings.limits,
            rates: settings.rates, authenticator: tokens, shared: platform.shared?.rates, gate: calls,
            sampler: tracing.map { _ in TraceSampler(ratio: settings.traces.ratio) },
            observer: { call in
                metrics.record(call)
                log.answered(call)
                if let tracing, let span = Span(call) { tracing.add(span) }
            })
        self.log = log
        self.settings = settings
    }

    /// Every method there is.
    static func registry(_ system: Services.System, _ platform: Platform) throws -> Registry {
        let methods = system.methods + platform.methods
        return try Registry(methods + [OpenRPC.discover(describing: methods, version: Release.version)])
    }

    /// The declarations alone, for documents and help: nothing is connected, and no call can be made.
    static func declarations() throws -> Registry {
        guard let keys = NumberedKeys(file: try NumberedKeys.makeLine(number: 1)) else {
            throw CommandFailure("A key cannot be made")
        }
        let nobodys = try WatchedKeys(keys)
        let platform = Platform(
            pool: .closed, passwords: PasswordWorkers(count: 1), tokens: try Tokens(keys: nobodys),
            masterKeys: nobodys, registrationIsOpen: true)
        let system = Services.System(
            version: Release.version, commit: Release.commit, limits: Limits(), pool: platform.pool,
            metrics: CallMetrics(), platform: platform)
        return try registry(system, platform)
    }

    /// Serves on the Unix socket until SIGTERM or SIGINT, then lets what runs finish.
    func serve() async throws {
        let signals = StopSignals()
        try await startConnections()
        let servers = try await startServers(SocketActivation.take())
        for (transport, address) in servers.places { listening.add(transport, address) }
        let mail = settings.smtpURL == nil ? settings.maildir.map { [("mail", $0)] } : nil
        let places = (servers.places + (mail ?? [])).map { "\($0)=\($1)" }.joined(separator: " ")
        try Notifier().ready(status: "Serving, \(places)")
        log.write(Notice(.started, "rpcd \(Release.version) (\(Release.commit)) serves, \(places)"))
        print("ready " + places)
        fflush(nil)
        let beating = try startBeating()
        let reloading = startReloading(servers.http + servers.admin)
        let tracing = tracing.map { exporter in Task { await exporter.run() } }
        let upkeep = startUpkeep()
        let listener = listen()
        defer { listener?.close() }
        if settings.smtpURL == nil, settings.maildir == nil {
            log.write(
                Notice(
                    .setting, "RPCD_SMTP_URL is not set: nobody gets mails, so passwords cannot be reset"))
        }
        await signals.next()
        reloading.cancel()
        // What was held back is answered, too.
        system.endPauses()
        log.write(Notice(.stopping, "stopping"))
        try Notifier().stopping()
        await servers.drain(withinMs: dispatcher.limits.drainTimeoutMs)
        await stop(upkeep)
        beating.cancel()
        tracing?.cancel()
        await tracing?.value
        try await close()
    }

    /// Serves at `path` while `body` runs, without any work beside the calls: for a command that needs a daemon for a moment.
    func serving(at path: String, _ body: () async throws -> Void) async throws {
        try await startConnections()
        let server = try await UnixSocketServer.start(
            at: path, dispatcher, operators: UnixSocketServer.Operators(), gate: gate, on: group)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        await server.drain(within: .seconds(5))
        try await close()
        try result.get()
    }

    private func startConnections() async throws {
        for pipeline in reads { try await pipeline.start() }
        platform.startSharing { [log] in log.write($0) }
    }

    private func stop(_ upkeep: [Upkeep]) async {
        guard await !Upkeep.stop(upkeep, within: .seconds(Daemon.upkeepPatienceSeconds)) else { return }
        log.write(
            Notice(
                .upkeepFailed,
                "Work of the daemon's own had not ended after \(Daemon.upkeepPatienceSeconds) s; it ends with the process"
            ))
    }

    /// All of a stop has to be over before the service manager loses its patience (`TimeoutStopSec=`).
    private static let upkeepPatienceSeconds = 8
    private static let poolPatienceSeconds = 2

    private func startUpkeep() -> [Upkeep] {
        platform.startUpkeep(jobs: jobs) { log.write($0) }
    }

    /// Hears of jobs that other daemons have made, and of whose standing they have changed. Without it jobs are found a quarter of a second
    /// later, and everybody's standing is asked of the database.
    private func listen() -> Listener? {
        guard let conninfo = settings.directURL ?? settings.databaseURL else { return nil }
        let standing = platform.shared.map { _ in [StandingCache.channel] } ?? []
        let listener = Listener(conninfo: conninfo, channels: [JobRunner.channel] + standing) {
            [jobs, platform] in
            platform.shared?.hear($0)
            jobs.notice()
        }
        platform.connections.add(listener)
        return listener
    }

    /// Serves on standard input and output until they end.
    func serveStdio(concurrency: Int) async throws {
        try await startConnections()
        let upkeep = startUpkeep()
        try await Stdio.serve(dispatcher, concurrency: concurrency, on: group)
        await stop(upkeep)
        try await close()
    }

    private func close() async throws {
        platform.shared?.close()
        for pipeline in reads { pipeline.close() }
        platform.analytics.close()
        platform.replica?.close()
        pool.close(within: Daemon.poolPatienceSeconds)
        try await group.shutdownGracefully()
        try await httpGroup.shutdownGracefully()
    }

    /// Refuses a database that this release does not fit, and a role that row level security does not bind.
    func checkDatabase() async throws {
        let migrator: Migrator
        do {
            migrator = try Daemon.migrator(settings)
        } catch let error as PostgresError {
            throw CommandFailure(
                "The database cannot be reached; check RPCD_DATABASE_URL, and that rpcd migrate up has made the role "
                    + "\(Tenancy.daemonRole): \(error.message)")
        }
        switch try migrator.standing() {
        case .upToDate: break
        case .behind(let count):
            throw CommandFailure("\(count) migrations are missing: run rpcd migrate up")
        case .ahead(breaking: nil):
            log.write(
                Notice(
                    .setting,
                    "The database has been migrated by a newer release; this one serves beside it until it is upgraded, too"
                ))
        case .ahead(breaking: let version?):
            throw CommandFailure(
                "The database has been migrated by a newer release, and migration \(version) is not for this one; install that"
            )
        case .changed(let version):
            throw CommandFailure("Migration \(version) has changed since it was applied; restore the file")
        }
        guard try await pool.run({ try $0.one(Tenancy.isBound) }) else {
            throw SettingError(
                "RPCD_DATABASE_URL", got: "***",
                takes:
                    "a role that row level security binds: \(Tenancy.daemonRole) or a member of it, not the owner of the tables"
            )
        }
        let ring = try KeyFiles.masterKeys(settings)
        let others = try await pool.run { try KeyRotation.mismatched(ring, in: $0) }
        guard others.isEmpty else {
            throw SettingError(
                "RPCD_MASTER_KEY_FILE",
                because:
                    "key \(others.map(String.init).joined(separator: ", ")) is another one than the database knows, and opens nothing that is sealed: put the right one in its place"
            )
        }
        if settings.fleet.pooling == .none, try await !pool.run({ try $0.isDirect() }) {
            log.write(
                Notice(
                    .setting,
                    "RPCD_DATABASE_URL leads through a pooler: unless it gives each connection a session, set RPCD_DATABASE_POOLER"
                ))
        }
        try await checkAnalytics()
    }

    static func migrator(_ settings: Settings) throws -> Migrator {
        guard let conninfo = settings.directURL ?? settings.databaseURL else {
            throw SettingError("RPCD_DATABASE_URL", got: nil, takes: "a libpq connection string or URL")
        }
        return try Migrator(
            conninfo: conninfo, files: MigrationFile.read(folder: migrationsFolder(settings)))
    }

    static func migrationsFolder(_ settings: Settings) throws -> String {
        let folders = settings.migrations.map { [$0] } ?? folders("migrations")
        guard let folder = folders.first(where: { access($0, R_OK) == 0 }) else {
            throw SettingError("RPCD_MIGRATIONS", got: folders.first, takes: "the path of a folder")
        }
        return folder
    }
}
