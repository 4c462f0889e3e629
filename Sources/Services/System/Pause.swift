import Postgres
import RPC
import Resilience

/// What a pause has come to.
struct Pause: Sendable {
    /// Whether nothing of this daemon is connected to the database any more.
    let isQuiet: Bool
    let seconds: Int64

    static let shape = Shape<Pause>.object(
        "Pause",
        Field("quiet", .boolean, "Whether nothing of this daemon's is on the database any more.") {
            $0.isQuiet
        },
        Field("seconds", .integer, "After these calls go on by themselves.") { $0.seconds })
}

extension System {
    /// For what has begun before it was asked to pause.
    private static let patienceNanoseconds: UInt64 = 10_000_000_000

    var pauseMethods: [Method] {
        [
            Method(
                "admin.pause",
                "Holds calls while the database is switched over: what has begun ends, what comes waits, no connection to the database is left open.",
                role: .operator, servesPaused: true, route: .post("/admin/pause"),
                params: Params(
                    Param.integer("seconds", 1...60, "How long at most.").defaulting(to: 20)),
                result: Pause.shape, example: Example(#"{"seconds":1}"#, gives: #"{"seconds":1}"#),
                run: pausing),
            Method(
                "admin.resume", "Lets calls go on, with new connections to the database.", role: .operator,
                servesPaused: true, route: .post("/admin/resume"), params: Params(),
                result: .object(
                    "Resumption",
                    Field("wasPaused", .boolean, "Whether there was something to resume.") { $0 }),
                example: Example("{}", gives: #"{"wasPaused":true}"#),
                run: .immediate { _ in resume() }),
        ]
    }

    private var pausing: Handler<Pause, Int64> {
        Handler { call, params, shape in
            do {
                try call.requireRoleWithoutWorkspace()
                let seconds = try params.get()
                Task {
                    do {
                        call.succeed(shape.body(of: try await pause(seconds: seconds)))
                    } catch {
                        call.fail(CallError(wrapping: error, in: call), cause: error)
                    }
                }
            } catch {
                call.fail(CallError(wrapping: error, in: call), cause: error)
            }
        }
    }

    private var connections: DatabaseConnections { platform?.connections ?? DatabaseConnections([pool]) }

    private func pause(seconds: Int64) async throws -> Pause {
        let now = MonotonicClock.now
        let connections = connections
        guard gate.close(until: now + UInt64(seconds) * 1_000_000_000, with: { connections.pause() }) else {
            throw CallError.unavailable("The daemon is stopping")
        }
        notice(Notice(.paused, "Calls are held for at most \(seconds) s"))
        Task {
            try? await Task.sleep(for: .seconds(seconds))
            // A later pause may have moved the time.
            resume(ifDueAt: MonotonicClock.now)
        }
        let deadline = now + min(UInt64(seconds) * 1_000_000_000, System.patienceNanoseconds)
        while !connections.isQuiet, MonotonicClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(5))
        }
        return Pause(isQuiet: connections.isQuiet, seconds: seconds)
    }

    @discardableResult
    private func resume(ifDueAt moment: UInt64 = .max) -> Bool {
        let wasPaused = gate.open(ifDueAt: moment) { connections.resume() }
        if wasPaused { notice(Notice(.resumed, "Calls go on")) }
        return wasPaused
    }

    /// The daemon stops: what is held goes on, to be answered like what runs, and nobody can pause any more.
    public func endPauses() {
        connections.end()
        gate.open()
    }
}
