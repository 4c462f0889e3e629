import CPostgres
import Glibc

/// Threads that may block, which neither an event loop nor the cooperative pool may.
package enum WorkerThread {
    private final class Work: Sendable {
        let name: StaticString
        let body: @Sendable () -> Void

        init(_ name: StaticString, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }

        func run() {
            name.withUTF8Buffer { text in
                text.withMemoryRebound(to: CChar.self) { rpcd_name_thread($0.baseAddress) }
            }
            body()
        }
    }

    /// Runs `body` on a thread of its own; on this one when the system has none to give.
    /// - Parameter name: at most 15 bytes; the host shows threads by it, as `top -H`.
    package static func start(
        name: StaticString = "rpcd-worker", _ body: @escaping @Sendable () -> Void
    ) {
        let work = Unmanaged.passRetained(Work(name, body))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, work.toOpaque())
        if status == 0 {
            pthread_detach(thread)
        } else {
            work.takeRetainedValue().body()
        }
    }

    package static func pause(nanoseconds: UInt64) {
        var time = timespec(
            tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        nanosleep(&time, nil)
    }
}
