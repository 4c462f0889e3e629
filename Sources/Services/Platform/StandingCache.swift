import Cryptography
import Identifiers
import JSON
import RPC
import Redis
import Synchronization

/// What somebody is, and how his workspace is set up, as the database has said a short while ago, for all daemons.
///
/// Each user and each workspace has a mark in Redis, a random word; an entry names the marks that were there *before* the database was
/// asked, and is good only while they are. Whatever ends a session, or changes a role or a workspace, takes the marks away: in the daemon that did it
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
        fileprivate let names: Names
        fileprivate let words: [String]
    }

    /// Under which names something is kept of a subject.
    fileprivate struct Names: Sendable {
        let standing: String
        /// `nil` when it is not asked for.
        let configuration: String?
        let marks: [String]

        // Another server, or the same one started anew from what it had written down, knows nothing of what happened in between.
        init(_ subject: Subject, on server: String, withConfiguration: Bool) {
            let workspace = subject.workspace.map { "\($0)" } ?? ""
            standing = SharedMemory.prefix + "standing:\(server):\(subject.session):\(workspace)"
            configuration =
                withConfiguration ? SharedMemory.prefix + "workspace:\(server):\(workspace)" : nil
            marks = subject.ids.map(StandingCache.mark)
        }

        var entries: [String] { [standing] + [configuration].compactMap { $0 } }
    }

    enum Finding: Sendable {
        /// - configuration: of the workspace, where it was asked for.
        case found(Authorization.Found, configuration: Body?)
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
        await withCheckedContinuation { continuation in
            find(subject, withConfiguration: false) { continuation.resume(returning: $0) }
        }
    }

    /// The same for who is on an event loop: `completion` runs there, unless marks have to be made first.
    /// - Parameter withConfiguration: whether what is kept of his workspace is wanted as well; then nothing is found without it.
    func find(
        _ subject: Subject, withConfiguration: Bool, completion: @escaping @Sendable (Finding) -> Void
    ) {
        look(subject, withConfiguration) { [self] finding in
            switch finding {
            case .found: hits.add(1, ordering: .relaxed)
            case .unknown: misses.add(1, ordering: .relaxed)
            }
            completion(finding)
        }
    }

    private func look(
        _ subject: Subject, _ withConfiguration: Bool, _ completion: @escaping @Sendable (Finding) -> Void
    ) {
        guard seconds > 0, let client = redis.atHand, let server = client.serverRunID else {
            return completion(.unknown(nil))
        }
        let names = Names(subject, on: server, withConfiguration: withConfiguration)
        let entries = names.entries
        redis.send(
            RedisCommand("MGET", entries + names.marks), withinMs: SharedMemory.patienceMs
        ) { [self] result in
            guard let values = try? result.get().elements?.map(\.text),
                values.count == entries.count + names.marks.count
            else { return completion(.unknown(nil)) }
            let words = values.dropFirst(entries.count).compactMap { $0 }
            guard words.count == names.marks.count else {
                Task { completion(.unknown(await make(names))) }
                return
            }
            // Asked behind the answer: what was heard while it was under way counts.
            guard let kept = values[0], trust.covers(subject.ids), client.serverRunID == server,
                let found = StandingCache.decode(kept, under: words)
            else { return completion(.unknown(Marks(names: names, words: words))) }
            guard withConfiguration else { return completion(.found(found, configuration: nil)) }
            guard let kept = values[1], let word = words.last, let workspace = subject.workspace,
                let configuration = StandingCache.decodeConfiguration(kept, under: word, of: workspace)
            else { return completion(.unknown(Marks(names: names, words: words))) }
            completion(.found(found, configuration: configuration))
        }
    }

    /// Makes the marks that are missing.
    private func make(_ names: Names) async -> Marks? {
        let life = Int64(seconds * StandingCache.markFactor)
        for name in names.marks {
            guard let word = try? Base64URL.encode(SecureRandom.bytes(12)) else { return nil }
            let command = RedisCommand("SET", name, word, "NX", "EX", life)
            guard (try? await redis.call(command, withinMs: SharedMemory.patienceMs)) != nil else {
                return nil
            }
        }
        guard
            let answer = try? await redis.call(
                RedisCommand("MGET", names.marks), withinMs: SharedMemory.patienceMs),
            let words = answer.elements?.compactMap(\.text), words.count == names.marks.count
        else { return nil }
        return Marks(names: names, words: words)
    }

    /// Keeps what the database has said of somebody. What is not kept is asked for again.
    /// - Parameter configuration: of his workspace, where it was asked for.
    func keep(_ found: Authorization.Found, configuration: Body? = nil, under marks: Marks) {
        guard let role = found.role else { return }
        set(marks.names.standing, StandingCache.encode(role, under: marks.words))
        if let name = marks.names.configuration, let word = marks.words.last,
            let text = configuration.flatMap({ StandingCache.encode($0, under: word) })
        {
            set(name, text)
        }
    }

    private func set(_ name: String, _ value: String) {
        redis.send(
            RedisCommand("SET", name, value, "EX", seconds), withinMs: SharedMemory.patienceMs
        ) { _ in }
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

    /// The answer as it is written, behind the mark and the version.
    private static func encode(_ configuration: Body, under word: String) -> String? {
        guard case .json(let bytes) = configuration.content, let version = configuration.version else {
            return nil
        }
        return "\(word) \(version) " + String(decoding: bytes, as: UTF8.self)
    }

    /// What is kept is believed, but only as what it is to be: one object, of this workspace, on one line.
    private static func decodeConfiguration(
        _ entry: String, under word: String, of workspace: UUID
    ) -> Body? {
        let parts = entry.split(separator: " ", maxSplits: 2)
        guard parts.count == 3, parts[0] == word, let version = Int64(parts[1]) else { return nil }
        let bytes = Array(parts[2].utf8)
        guard bytes.allSatisfy({ $0 >= 0x20 }), let json = try? JSON.parse(bytes),
            json["id"]?.string.flatMap({ UUID($0) }) == workspace, json["version"]?.int64 == version
        else { return nil }
        return Body(.json(bytes), version: version)
    }
}
