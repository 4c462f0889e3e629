import Cryptography
import Identifiers
import RPC
import Redis
import Synchronization

/// What somebody is, as the database has said a short while ago, for all daemons.
///
/// Each user and each workspace has a mark in Redis, a random word; an entry names the marks that were there *before* the database was
/// asked, and is good only while they are. Whatever ends a session or changes a role takes the marks away: in the daemon that did it
/// between COMMIT and the answer, and in every other when PostgreSQL tells of it. A mark that has gone, for whatever reason, never comes back.
public final class StandingCache: Sendable {
    /// How long an entry lives at most.
    public static let standardSeconds: Int64 = 60
    public static let maximumSeconds: Int64 = 600
    /// Where PostgreSQL tells whose standing has changed.
    public static let channel: StaticString = "rpcd_standing"
    static let channelName = "rpcd_standing"

    /// Whose standing, and where.
    struct Subject: Sendable {
        let user: UUID
        let session: UUID
        let workspace: UUID?

        var ids: [UUID] { [user] + [workspace].compactMap { $0 } }
    }

    /// What was read before the database was asked; goes along with what it says.
    struct Marks: Sendable {
        fileprivate let entry: String
        fileprivate let words: [String]
    }

    enum Finding: Sendable {
        case found(Authorization.Found)
        /// - marks: under which what the database says may be kept; `nil` when it may not.
        case unknown(Marks?)
    }

    let trust: StandingTrust
    private let redis: RedisGroup
    private let seconds: Int64
    private let hits = Atomic(0)
    private let misses = Atomic(0)

    /// Marks outlive entries, so that who calls now and then finds his.
    private static let markFactor: Int64 = 10

    /// - Parameter seconds: how long an entry lives; 0 keeps none.
    init(_ redis: RedisGroup, seconds: Int64) {
        self.redis = redis
        self.seconds = seconds
        trust = StandingTrust(lifetimeNanoseconds: UInt64(max(0, seconds)) * 1_000_000_000)
    }

    var lookups: (hits: Int, misses: Int) {
        (hits.load(ordering: .relaxed), misses.load(ordering: .relaxed))
    }

    /// One visit to Redis for who is known, two for who is not.
    func find(_ subject: Subject) async -> Finding {
        let finding = await look(subject)
        switch finding {
        case .found: hits.add(1, ordering: .relaxed)
        case .unknown: misses.add(1, ordering: .relaxed)
        }
        return finding
    }

    private func look(_ subject: Subject) async -> Finding {
        guard seconds > 0, let client = redis.atHand, let server = client.serverRunID else {
            return .unknown(nil)
        }
        // Another server, or the same one started anew from what it had written down, knows nothing of what happened in between.
        let entry =
            SharedMemory.prefix
            + "standing:\(server):\(subject.session):\(subject.workspace.map { "\($0)" } ?? "")"
        let names = subject.ids.map(StandingCache.mark)
        guard
            let answer = try? await redis.call(
                RedisCommand("MGET", [entry] + names), withinMs: SharedMemory.patienceMs),
            let values = answer.elements?.map(\.text), values.count == names.count + 1
        else { return .unknown(nil) }
        let words = values.dropFirst().compactMap { $0 }
        if words.count == names.count {
            // Asked behind the answer: what was heard while it was under way counts.
            guard let kept = values[0], trust.covers(subject.ids), client.serverRunID == server,
                let found = StandingCache.decode(kept, under: words)
            else { return .unknown(Marks(entry: entry, words: words)) }
            return .found(found)
        }
        return .unknown(await marks(entry, names))
    }

    /// Makes the marks that are missing.
    private func marks(_ entry: String, _ names: [String]) async -> Marks? {
        let life = Int64(seconds * StandingCache.markFactor)
        for name in names {
            guard let word = try? Base64URL.encode(SecureRandom.bytes(12)) else { return nil }
            let command = RedisCommand("SET", name, word, "NX", "EX", life)
            guard (try? await redis.call(command, withinMs: SharedMemory.patienceMs)) != nil else {
                return nil
            }
        }
        guard
            let answer = try? await redis.call(
                RedisCommand("MGET", names), withinMs: SharedMemory.patienceMs),
            let words = answer.elements?.compactMap(\.text), words.count == names.count
        else { return nil }
        return Marks(entry: entry, words: words)
    }

    /// Keeps what the database has said of somebody. What is not kept is asked for again.
    func keep(_ found: Authorization.Found, under marks: Marks) {
        guard let role = found.role else { return }
        let command = RedisCommand(
            "SET", marks.entry, StandingCache.encode(role, under: marks.words), "EX", seconds)
        redis.send(command, withinMs: SharedMemory.patienceMs) { _ in }
    }

    /// Has every entry of these users and workspaces forgotten.
    /// - Parameter done: called when they are, or when Redis does not answer: then the other daemons go by what PostgreSQL tells them.
    func forget(_ ids: [UUID], done: @escaping @Sendable () -> Void) {
        for id in ids { trust.changed(id) }
        redis.send(
            RedisCommand("DEL", ids.map(StandingCache.mark)), withinMs: SharedMemory.patienceMs
        ) { _ in done() }
    }

    private static func mark(_ id: UUID) -> String { SharedMemory.prefix + "mark:\(id)" }

    private static func encode(_ role: Role, under words: [String]) -> String {
        (words + [role.name]).joined(separator: " ")
    }

    private static func decode(_ entry: String, under words: [String]) -> Authorization.Found? {
        let parts = entry.split(separator: " ").map(String.init)
        guard parts.count == words.count + 1, Array(parts.dropLast()) == words, let name = parts.last,
            let role = Role.allCases.first(where: { $0.name == name }), role >= .user, role <= .owner
        else { return nil }
        return Authorization.Found(role: role, responsibleUserID: nil)
    }
}
