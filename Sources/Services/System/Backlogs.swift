import Postgres
import RPC
import Synchronization

/// What of the whole platform waits or grows old, as every daemon sees it in the database: read now and then, for metrics.
public final class Backlogs: Sendable {
    struct Reading: Sendable {
        /// Of the oldest entry of the trail that has no seal.
        var sealLagSeconds = 0.0
        var mails: Int64 = 0
        var deliveries: Int64 = 0
        var deadLetters: Int64 = 0
        var verifications: [VerificationAge] = []
    }

    struct VerificationAge: Sendable {
        let kind: String
        let seconds: Int64
        let found: Int64
    }

    enum Verified: String, Sendable {
        case ledger, audit, analytics
    }

    private let reading = Mutex<Reading?>(nil)
    /// More is not counted.
    static let mostCounted: Int64 = 10_000

    func read(on pool: Pool) async throws {
        let new = try await pool.upkeep { tx -> Reading in
            tx.enterEveryWorkspace()
            var reading = try tx.one(Backlogs.getCounts, Backlogs.mostCounted)
            reading.verifications = try tx.all(Backlogs.listVerifications)
            return reading
        }
        reading.withLock { $0 = new }
    }

    func writeMetrics(to text: inout PrometheusText) {
        guard let reading = reading.withLock({ $0 }) else { return }
        text.gauge(
            "rpcd_audit_seal_lag_seconds", "Age of the oldest entry of the trail that has no seal.",
            reading.sealLagSeconds)
        text.gauge("rpcd_mails_waiting", "Mails that are not sent; 10000 at most are counted.", reading.mails)
        text.gauge(
            "rpcd_webhook_deliveries_waiting", "Deliveries that are due or will be tried again; as many.",
            reading.deliveries)
        text.gauge(
            "rpcd_dead_letters", "Rows that analytics has refused for good; as many.", reading.deadLetters)
        text.begin(
            "rpcd_verification_age_seconds", .gauge,
            "Since the whole ledger, trail or analytics was verified.")
        for entry in reading.verifications {
            text.sample("rpcd_verification_age_seconds", [("kind", entry.kind)], "\(entry.seconds)")
        }
        text.begin("rpcd_verification_differences", .gauge, "What that found.")
        for entry in reading.verifications {
            text.sample("rpcd_verification_differences", [("kind", entry.kind)], "\(entry.found)")
        }
    }
}

extension Platform {
    /// Notes that the whole of it has been verified.
    func noteVerification(_ kind: Backlogs.Verified, found: Int) async throws {
        try await pool.upkeep { tx in
            tx.enterEveryWorkspace()
            tx.queue(Backlogs.putVerification, kind.rawValue, Int64(found))
        }
    }
}
