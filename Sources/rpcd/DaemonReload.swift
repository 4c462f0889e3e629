import Dispatch
import Glibc
import Identifiers
import RPC
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
            var before = Settings.read()
            for await _ in hangups {
                try? Notifier().reloading()
                var said = ""
                (before, said) = reload(before, servers)
                // Whoever asked for it waits for another line, and reads there what has come of it (systemd/reload).
                try? Notifier().ready(status: "Serving; \(Timestamp.now): \(said)")
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
        let old = Dictionary(before.entries.map { ($0.declaration.key, $0.value) }) { $1 }
        let changed = reading.entries.filter { $0.value != old[$0.declaration.key] }
        let (live, waiting) = (
            changed.filter(\.declaration.reloads).map(\.declaration.key),
            changed.filter { !$0.declaration.reloads }.map(\.declaration.key)
        )
        var text = "The settings were read again"
        text += live.isEmpty ? "; none has changed" : ", changed: \(live.joined(separator: ", "))"
        if !waiting.isEmpty { text += "; a restart is needed for \(waiting.joined(separator: ", "))" }
        log.write(Notice(.reloaded, text))
        return (reading, text)
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
