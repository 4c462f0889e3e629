import Dispatch
import Glibc
import Identifiers
import RPC
import Synchronization
import Systemd
import Transports

extension Daemon {
    /// Reads the settings again at each SIGHUP.
    /// - Parameter servers: whose options can change.
    func startReloading(_ servers: [HTTPServer]) -> Task<Void, Never> {
        let (hangups, continuation) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        signal(SIGHUP, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGHUP, queue: .global())
        source.setEventHandler { continuation.yield() }
        source.resume()
        return Task {
            defer { source.cancel() }
            var before = reading
            for await _ in hangups {
                try? Notifier().reloading()
                var said = ""
                (before, said) = reload(before, servers)
                // Whoever asked for it waits for this to be another one (packaging/lib/reload).
                verdict.tell("settings read at \(Timestamp.now): \(said)")
                try? Notifier().ready(status: status)
            }
        }
    }

    /// All of what can change does, or nothing.
    /// - Returns: what is in force, and what there is to say.
    private func reload(
        _ before: Settings.Reading, _ servers: [HTTPServer]
    ) -> (Settings.Reading, String) {
        func refuse(_ reason: String) -> (Settings.Reading, String) {
            let text = "The settings stay as they were: \(reason)"
            log.write(Notice(.reloadRefused, text))
            return (before, text)
        }
        let reading = Settings.read()
        let faults = reading.faults()
        if let first = faults.first {
            let others = faults.count > 1 ? ", and \(faults.count - 1) more: rpcd config check names all" : ""
            return refuse("\(first)\(others)")
        }
        do {
            try apply(reading.settings, servers)
        } catch {
            return refuse("\(error)")
        }
        let (inForce, live, waiting) = reading.taking(over: before)
        var text = "The settings were read again"
        text += live.isEmpty ? "; none has changed" : ", changed: \(live.joined(separator: ", "))"
        if !waiting.isEmpty { text += "; a restart is needed for \(waiting.joined(separator: ", "))" }
        log.write(Notice(.reloaded, text))
        return (inForce, text)
    }

    private func apply(_ new: Settings, _ servers: [HTTPServer]) throws {
        let changed = platform.with(limits: new.limits, registrationIsOpen: new.registrationIsOpen)
        let registry = try Daemon.registry(system.with(limits: new.limits, changed), changed)
        var options = settings.http
        options.corsOrigins = new.http.corsOrigins
        options.trustedProxies = new.http.trustedProxies
        options.openAPI = OpenAPI.document(of: registry.methods, version: Release.version)
        // From here on nothing can fail.
        dispatcher.replace(registry: registry, limits: new.limits, rates: new.rates)
        gate.replace(new.limits)
        for server in servers {
            server.replace {
                options.isOperatorToken = $0.isOperatorToken
                return options
            }
        }
        log.level = new.logLevel
        ProcessLimits.settle(connections: new.limits.connections, log)
    }
}

/// What has come of reading the settings again, for the line that `systemctl status` shows: until the next time, for so long it is so.
final class ReloadVerdict: Sendable {
    private let told = Mutex<String?>(nil)

    var text: String? { told.withLock { $0 } }

    func tell(_ text: String) { told.withLock { $0 = text } }
}

extension Settings.Reading {
    /// What is in force when a daemon that runs by `before` has read this.
    /// - Returns: also the keys of what has changed by that, and of what is set otherwise than it runs, until the next start.
    func taking(over before: Settings.Reading) -> (
        inForce: Settings.Reading, live: [String], waiting: [String]
    ) {
        let running = Dictionary(before.entries.map { ($0.declaration.key, $0) }) { $1 }
        var inForce = self
        var (live, waiting): ([String], [String]) = ([], [])
        inForce.entries = entries.map { entry in
            let key = entry.declaration.key
            guard let old = running[key], old.value != entry.value else { return entry }
            guard entry.declaration.reloads else {
                waiting.append(key)
                return old
            }
            live.append(key)
            return entry
        }
        return (inForce, live, waiting)
    }
}

extension Settings.Declaration {
    /// Whether it changes while the daemon serves. What names a file changes with the file's content.
    var reloads: Bool {
        key.hasPrefix("RPCD_RATE_") || key.hasPrefix("RPCD_LIMIT_")
            || ["RPCD_LOG_LEVEL", "RPCD_CORS_ORIGINS", "RPCD_TRUSTED_PROXIES", "RPCD_REGISTRATION"].contains(
                key)
    }
}
