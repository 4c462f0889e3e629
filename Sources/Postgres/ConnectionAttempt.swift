import CPostgres
import Glibc
import Resilience

extension Connection {
    /// Connects to the first place that will have it. - Throws: `.notConnected`, with what the last place said.
    /// - Returns: a connection that does not block, which the caller finishes.
    static func open(_ server: Server, timeoutNanoseconds: UInt64) throws(PostgresError) -> OpaquePointer {
        let deadline = MonotonicClock.now + timeoutNanoseconds
        var failure = PostgresError(.notConnected, "there is no host")
        for (index, place) in server.places.enumerated() {
            let now = MonotonicClock.now
            guard now < deadline else { break }
            do throws(PostgresError) {
                let share = (deadline - now) / UInt64(server.places.count - index)
                return try open(place, until: now + share)
            } catch {
                failure = error
            }
        }
        throw failure
    }

    private static func open(
        _ place: Server.Place, until deadline: UInt64
    ) throws(PostgresError) -> OpaquePointer {
        guard let handle = begin(place) else { throw PostgresError(.notConnected, "out of memory") }
        do throws(PostgresError) {
            PQsetNoticeReceiver(handle, { _, _ in }, nil)
            var phase = PGRES_POLLING_WRITING
            while phase != PGRES_POLLING_OK {
                guard phase != PGRES_POLLING_FAILED, PQstatus(handle) != CONNECTION_BAD else {
                    throw PostgresError(.notConnected, message(handle))
                }
                let events = phase == PGRES_POLLING_READING ? POLLIN : POLLOUT
                guard poll([(PQsocket(handle), events)], until: deadline) else {
                    throw PostgresError(.notConnected, "connecting took too long")
                }
                phase = PQconnectPoll(handle)
            }
            guard PQsetnonblocking(handle, 1) == 0 else {
                throw PostgresError(.notConnected, message(handle))
            }
            return handle
        } catch {
            PQfinish(handle)
            throw error
        }
    }

    private static func begin(_ place: Server.Place) -> OpaquePointer? {
        // Of a keyword that comes twice the last counts.
        let options =
            [("fallback_application_name", "rpcd")] + place.keywords + [("client_encoding", "UTF8")]
        let keywords = options.map { strdup($0.0) }
        let values = options.map { strdup($0.1) }
        defer { for text in keywords + values { free(text) } }
        return PQconnectStartParams(
            keywords.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil],
            place.isUnread ? 1 : 0)
    }

    /// - Returns: false at the deadline.
    static func poll(_ descriptors: [(Int32, Int32)], until deadline: UInt64) -> Bool {
        var entries = descriptors.map { pollfd(fd: $0, events: Int16($1), revents: 0) }
        let now = MonotonicClock.now
        guard now < deadline else { return false }
        let milliseconds = min((deadline - now) / 1_000_000 + 1, 60_000)
        return Glibc.poll(&entries, nfds_t(entries.count), Int32(milliseconds)) != 0
    }

    /// The first line of what libpq has to say.
    static func message(_ handle: OpaquePointer) -> String {
        let text = PQerrorMessage(handle).map { String(cString: $0) } ?? ""
        let line = text.split(separator: "\n").first.map(String.init) ?? "the connection is closed"
        return String(line.prefix(300))
    }
}
