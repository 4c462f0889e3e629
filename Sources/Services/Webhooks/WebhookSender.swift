import Egress
import Identifiers
import JSON
import Postgres
import RPC

/// Sends what waits for webhooks. An endpoint is one daemon's at a time, under a lease; a daemon has many at once, so that one that is slow holds up
/// nobody else. If the daemon dies, the lease ends and everything whose outcome was not written down is sent again, under the same ids.
struct WebhookSender: Sendable {
    private let pool: Pool
    private let vault: Vault
    private let client: WebhookClient
    private let tracer: Tracer
    private let log: @Sendable (Notice) -> Void

    /// Endpoints at once.
    static let places = 64
    /// Messages to one endpoint at once.
    static let abreast = 4
    /// Messages to one endpoint until the others that are due have their turn. With 15 seconds for each message it is over before the lease.
    private static let batch: Int64 = 16
    /// Between looks at what is due, while something is under way.
    private static let pause = Duration.milliseconds(250)
    /// Until something that could not be tried is tried.
    private static let untriedRestSeconds: Int64 = 1

    init(
        pool: Pool, vault: Vault, client: WebhookClient, tracer: Tracer = .off,
        log: @escaping @Sendable (Notice) -> Void
    ) {
        self.tracer = tracer
        self.pool = pool
        self.vault = vault
        self.client = client
        self.log = log
    }

    /// Until nothing is due and nothing is under way.
    func run() async throws {
        enum Ended { case endpoint, moment }
        var failure: (any Error)?
        await withTaskGroup(of: Ended.self) { group in
            var underWay = 0
            var isWaiting = false
            repeat {
                if failure == nil, !Task.isCancelled, underWay < WebhookSender.places {
                    do {
                        for claim in try await claim(WebhookSender.places - underWay) {
                            group.addTask {
                                await deliver(claim)
                                return .endpoint
                            }
                            underWay += 1
                        }
                    } catch {
                        // What is under way is not to suffer.
                        failure = error
                    }
                }
                guard underWay > 0 else { break }
                if !isWaiting {
                    group.addTask {
                        try? await Task.sleep(for: WebhookSender.pause)
                        return .moment
                    }
                    isWaiting = true
                }
                switch await group.next() {
                case .endpoint: underWay -= 1
                case .moment, nil: isWaiting = false
                }
            } while true
            group.cancelAll()
        }
        if let failure { throw failure }
    }

    private func claim(_ count: Int) async throws -> [Webhooks.Claim] {
        try await pool.upkeep { tx in
            tx.enterEveryWorkspace()
            return try tx.all(Webhooks.claimDue, count)
        }
    }

    // MARK: one endpoint

    private struct Attempt: Sendable {
        let delivery: Webhooks.Due
        /// `nil` when it was not made, or nobody knows.
        let answer: WebhookAnswer?
    }

    private func deliver(_ claim: Webhooks.Claim) async {
        let target = claim.target
        do {
            let secrets = try target.secrets(vault)
            var due = try await pool.upkeep { tx in
                tx.enter(target.workspace)
                return try tx.all(Webhooks.listDue, target.workspace, target.id, WebhookSender.batch)
            }[...]
            var attempts: [Attempt] = []
            // Where one fails the rest would fail, too, most likely; or it was told to stop.
            while !due.isEmpty, attempts.allSatisfy({ $0.answer?.isSuccess == true }), !Task.isCancelled {
                attempts += try await send(due.prefix(WebhookSender.abreast), to: target, secrets)
                due = due.dropFirst(WebhookSender.abreast)
            }
            try await settle(claim, attempts)
        } catch {
            log(Notice(.webhookNeglected, "Webhook \(target.id) was not looked after: \(error)"))
        }
    }

    private func send(
        _ due: ArraySlice<Webhooks.Due>, to target: WebhookTarget, _ secrets: [SigningSecret]
    ) async throws -> [Attempt] {
        try await withThrowingTaskGroup(of: Attempt.self) { group in
            for delivery in due {
                group.addTask {
                    let answer = try await tracer.work(
                        "webhook.delivery", for: delivery.event, ["rpcd.webhook": target.id.description],
                        outcome: { ($0?.told ?? "not made", isFault: $0?.isSuccess != true) }
                    ) {
                        try await client.send(
                            delivery.payload, event: delivery.event, to: target.url, secrets: secrets)
                    }
                    return Attempt(delivery: delivery, answer: answer)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// Writes down what came of it, and when the endpoint is to be looked at next.
    private func settle(_ claim: Webhooks.Claim, _ attempts: [Attempt]) async throws {
        let (workspace, id) = (claim.target.workspace, claim.target.id)
        let made = attempts.compactMap { attempt in
            attempt.answer.map {
                (
                    delivery: attempt.delivery, answer: $0, attempts: attempt.delivery.attempts + 1,
                    random: Double.random(in: 0...1)
                )
            }
        }
        let rest = made.map { WebhookPolicy.rest(after: $0.answer) }.max() ?? 0
        let untriedRest = made.count < attempts.count ? WebhookSender.untriedRestSeconds : 0
        let isFailing = made.isEmpty ? nil : !made.contains { $0.answer.isSuccess }
        let disabled = try await pool.upkeep { tx -> Webhook.DisabledReason? in
            tx.enter(workspace)
            let leased = try tx.first(Webhooks.lockLeased, workspace, id, claim.leasedUntil)
            for entry in made {
                let status = entry.answer.status
                switch WebhookPolicy.next(after: entry.answer, attempts: entry.attempts, random: entry.random)
                {
                case .delivered: tx.queue(Webhooks.settleDelivered, workspace, entry.delivery.id, status)
                case .again(let seconds):
                    tx.queue(
                        Webhooks.settleFailed, workspace, entry.delivery.id, status, seconds,
                        entry.answer.error)
                case .failed:
                    tx.queue(
                        Webhooks.settleFailed, workspace, entry.delivery.id, status, Int64?.none,
                        entry.answer.error)
                }
            }
            // When it is due is for him to say who has the lease by now.
            guard let leased else { return nil }
            let reason = WebhookPolicy.disabling(
                after: made.map { ($0.answer, $0.attempts) }, failingForSeconds: leased.failingSeconds)
            if let reason, leased.isEnabled {
                disable(tx, claim.target, reason)
            } else {
                let pause =
                    isFailing == true ? WebhookPolicy.pause(failingForSeconds: leased.failingSeconds) : 0
                tx.queue(
                    Webhooks.releaseWebhook, workspace, id, isFailing, max(rest, untriedRest, pause),
                    expecting: 1)
            }
            return leased.isEnabled ? reason : nil
        }
        if let disabled {
            log(
                Notice(
                    .webhookDisabled,
                    "Webhook \(id) of workspace \(workspace) was disabled: \(disabled.rawValue)"))
        }
    }

    private func disable(
        _ tx: borrowing Transaction, _ target: WebhookTarget, _ reason: Webhook.DisabledReason
    ) {
        tx.queue(Webhooks.disableWebhook, target.workspace, target.id, reason.rawValue, expecting: 1)
        let object = JSONWriter.object { writer in
            writer.key("webhookId")
            writer.string(target.id.description)
            writer.key("reason")
            writer.string(reason.rawValue)
        }
        tx.queue(
            Audit.insertEntry, WebhookSender.actor, "webhooks.disable", target.workspace,
            JSONText(String(decoding: object, as: UTF8.self)), WebhookSender.actor, "", "OK", expecting: 1)
    }

    /// Who does what nobody called for.
    private static let actor = "rpcd"
}
