import Cryptography
import Identifiers
import Postgres

/// Seals anew, under the current master key, what older ones have sealed: a batch a transaction, so it can be stopped and goes on where it
/// was, while the daemon serves.
public struct KeyRotation: Sendable {
    private let pool: Pool
    private let vault: Vault

    private let batch: Int

    /// - Parameter batch: rows a transaction: few enough that nobody waits long for a row.
    public init(pool: Pool, masterKeys: WatchedKeys, batch: Int = 500) {
        self.batch = batch
        self.pool = pool
        vault = Vault(ring: masterKeys)
    }

    /// What each master key seals.
    public struct Usage: Sendable, Equatable {
        public let keyVersion: Int64
        public let credentials: Int
        /// Those that wait to be sent.
        public let mails: Int
        /// Of calls with an idempotency key, for a day.
        public let outcomes: Int
        /// Whose signing secrets it seals.
        public let webhooks: Int

        /// What can be sealed anew; the rest goes by itself.
        public var sealed: Int { credentials + webhooks }
    }

    public func usage(_ bound: any Interruptible) async throws -> [Usage] {
        try await run(bound) { tx in try tx.all(Credentials.countByKey) }
    }

    /// Keys of the ring that are other ones than those which the database knows by the same number.
    public func mismatched(_ bound: any Interruptible) async throws -> [Int64] {
        let ring = vault.ring.keys
        return try await run(bound) { tx in try KeyRotation.mismatched(ring, in: tx) }
    }

    /// The same, for whoever has a transaction that sees the keys.
    public static func mismatched(_ ring: NumberedKeys, in tx: borrowing Transaction) throws -> [Int64] {
        try tx.all(Credentials.listKeys).filter { key in
            guard let fingerprint = key.fingerprint, ring.numbers.contains(key.number) else { return false }
            return try Vault.fingerprint(of: key.number, in: ring) != fingerprint
        }.map(\.number)
    }

    /// What came of opening some of what is sealed.
    public struct Sample: Sendable {
        public fileprivate(set) var opened = 0
        /// Credentials and webhooks that no key of the ring opens.
        public fileprivate(set) var unreadable: [UUID] = []
    }

    /// Opens some credentials and webhooks, in the order of their ids from anywhere on, and changes nothing.
    /// - Parameter count: of each kind.
    public func sample(_ count: Int, _ bound: any Interruptible) async throws -> Sample {
        let vault = vault
        return try await run(bound) { tx in
            var sample = Sample()
            var resealer = Resealer(vault: vault, current: vault.currentKeyVersion)
            let start = UUID.random()
            for boxes in [Boxes.ofCredentials, .ofWebhooks] {
                for entry in try tx.all(boxes.sample, start, count) {
                    do {
                        try resealer.open(entry.keyBox, boxes.fields.0, of: entry)
                        if let box = entry.secretBox { try resealer.open(box, boxes.fields.1, of: entry) }
                        sample.opened += 1
                    } catch {
                        sample.unreadable.append(entry.id)
                    }
                }
            }
            return sample
        }
    }

    /// How far a rotation is. What does not open is passed over, so that it holds up nothing else.
    public struct Progress: Sendable {
        public fileprivate(set) var sealed = 0
        /// Credentials and webhooks that no key of the ring opens.
        public fileprivate(set) var unreadable: [UUID] = []
        public var isComplete: Bool { boxes.isEmpty }
        /// Those of which there is more to look at.
        fileprivate var boxes = [Boxes.ofCredentials, .ofWebhooks][...]
        fileprivate var last: (keyVersion: Int64, id: UUID)?

        public init() {}
    }

    /// Rows with a box, or two, that are sealed alike.
    fileprivate struct Boxes: Sendable {
        let fields: (Vault.Place.Field, Vault.Place.Field)
        let lock: Statement<Credentials.Stale>
        let reseal: Statement<Void>
        let sample: Statement<Credentials.Stale>

        static let ofCredentials = Boxes(
            fields: (.key, .secret), lock: Credentials.lockStale, reseal: Credentials.resealBoxes,
            sample: Credentials.sampleBoxes)
        static let ofWebhooks = Boxes(
            fields: (.signing, .previousSigning), lock: Webhooks.lockStale, reseal: Webhooks.resealBoxes,
            sample: Webhooks.sampleBoxes)
    }

    /// Seals one batch anew. - Returns: how far it is then.
    public func step(after progress: Progress, _ bound: any Interruptible) async throws -> Progress {
        let (vault, batch) = (vault, batch)
        let current = vault.currentKeyVersion
        return try await run(bound) { tx in
            var progress = progress
            try vault.register(current, in: tx)
            var resealer = Resealer(vault: vault, current: current)
            var room = batch
            while room > 0, let boxes = progress.boxes.first {
                let stale = try tx.all(
                    boxes.lock, current, room, progress.last?.keyVersion ?? 0, progress.last?.id ?? .zero)
                progress.last = stale.last.map { ($0.keyVersion, $0.id) }
                if stale.count < room {
                    progress.boxes.removeFirst()
                    progress.last = nil
                }
                room -= stale.count
                KeyRotation.reseal(stale, boxes, &resealer, &progress, in: tx)
            }
            return progress
        }
    }

    private static func reseal(
        _ stale: [Credentials.Stale], _ boxes: Boxes, _ resealer: inout Resealer, _ progress: inout Progress,
        in tx: borrowing Transaction
    ) {
        var ids: [UUID] = []
        var (keyBoxes, secretBoxes): ([[UInt8]], [[UInt8]?]) = ([], [])
        for entry in stale {
            do {
                let keyBox = try resealer.reseal(entry.keyBox, boxes.fields.0, of: entry)
                secretBoxes.append(
                    try entry.secretBox.map { try resealer.reseal($0, boxes.fields.1, of: entry) })
                keyBoxes.append(keyBox)
                ids.append(entry.id)
            } catch {
                progress.unreadable.append(entry.id)
            }
        }
        guard !ids.isEmpty else { return }
        tx.queue(
            boxes.reseal, resealer.current, TextArray(ids), TextArray(keyBoxes), TextArray(secretBoxes),
            expecting: ids.count)
        progress.sealed += ids.count
    }

    /// Has the database take no more of what an old key seals, for good. - Returns: false when something still needs it.
    public func retire(_ number: Int64, _ bound: any Interruptible) async throws -> Bool {
        do {
            _ = try await run(bound) { try $0.execute(Credentials.retireKey, number) }
            return true
        } catch let error as PostgresError where error.kind == .server(.foreignKeyViolation) {
            return false
        }
    }

    private func run<Value: Sendable>(
        _ bound: any Interruptible, _ body: @escaping @Sendable (borrowing Transaction) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            pool.transaction(bound) { tx in
                tx.enterEveryWorkspace()
                return try body(tx)
            } completion: {
                continuation.resume(with: $0)
            }
        }
    }
}

/// Opens and seals for one batch: keys of a workspace are derived once.
private struct Resealer {
    let vault: Vault
    let current: Int64
    private var keys: [Place: SecretBytes] = [:]

    private struct Place: Hashable {
        let workspace: UUID
        let version: Int64
    }

    init(vault: Vault, current: Int64) {
        self.vault = vault
        self.current = current
    }

    mutating func reseal(
        _ box: [UInt8], _ field: Vault.Place.Field, of entry: Credentials.Stale
    ) throws -> [UInt8] {
        let opened = try open(box, field, of: entry)
        return try vault.seal(opened, at: place(current, field, of: entry), key: key(current, entry))
    }

    @discardableResult
    mutating func open(
        _ box: [UInt8], _ field: Vault.Place.Field, of entry: Credentials.Stale
    ) throws -> SecretBytes {
        let version = entry.keyVersion
        return try vault.open(box, at: place(version, field, of: entry), key: key(version, entry))
    }

    private func place(
        _ version: Int64, _ field: Vault.Place.Field, of entry: Credentials.Stale
    ) -> Vault.Place {
        Vault.Place(workspace: entry.workspace, credential: entry.id, field: field, keyVersion: version)
    }

    private mutating func key(_ version: Int64, _ entry: Credentials.Stale) throws -> SecretBytes {
        let place = Place(workspace: entry.workspace, version: version)
        if let key = keys[place] { return key }
        let key = try vault.workspaceKey(version, entry.salt)
        keys[place] = key
        return key
    }
}
