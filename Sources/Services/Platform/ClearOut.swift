import Postgres

extension Platform {
    private static let clearedAtOnce = 1000

    /// Removes what is over, a few at a time.
    func clearOut() async throws {
        _ = try await alone { try $0.execute(Auth.deleteExpiredTokens) }
        for statement in [Idempotency.deleteOld, Sessions.deleteOld, Invitations.deleteOldMails] {
            try await inBatches { try $0.execute(statement, Platform.clearedAtOnce) }
        }
        for statement in [
            Event.deleteOld, Billing.failOld, Webhooks.deleteOldDeliveries, Replication.deleteOldOpenings,
        ] {
            try await inBatches { tx in
                tx.enterEveryWorkspace()
                return try tx.execute(statement, Platform.clearedAtOnce)
            }
        }
        try await clearOutJobs()
    }

    /// A job may have a million tasks: it goes when the last of them has gone.
    private func clearOutJobs() async throws {
        guard let seconds = jobRetentionSeconds else { return }
        while try await alone({ tx in
            tx.enterEveryWorkspace()
            let tasks = try tx.execute(Jobs.deleteOldTasks, seconds, Platform.clearedAtOnce)
            return try tasks + tx.execute(Jobs.deleteOldJobs, seconds, Platform.clearedAtOnce)
        }) > 0 {}
    }

    private func inBatches(
        _ remove: @escaping @Sendable (borrowing Transaction) throws -> Int
    ) async throws {
        while try await alone(remove) == Platform.clearedAtOnce {}
    }

    /// Of several daemons on one database one does so at a time: what another is at is nothing for this one.
    private func alone(
        _ remove: @escaping @Sendable (borrowing Transaction) throws -> Int
    ) async throws -> Int {
        try await pool.upkeep { tx in
            guard try tx.one(AuditChain.tryLock, AdvisoryLock.clearingOut) else { return 0 }
            return try remove(tx)
        }
    }
}
