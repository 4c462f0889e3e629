import Identifiers
import Postgres

/// Where analytics is kept: a store of its own, never the database of the transactions. There are two of them, ClickHouse and a second PostgreSQL;
/// both keep the same and give the same answers.
///
/// What is asked ends when its `bound` is interrupted or its deadline has come, in the store, too.
public protocol AnalyticsStore: Sendable {
    /// What `system.ready` and the log call it.
    var name: String { get }
    /// The setting that says where it is.
    var setting: String { get }

    /// What tells this instance from every other one of its kind.
    func systemIdentifier() async throws(AnalyticsFailure) -> String

    /// From here on nothing is read or written where this instance answers, whatever leads there: a name that moves, another of several hosts.
    /// - Parameter instance: as ``systemIdentifier()`` would tell it.
    func avoid(instance: String)

    /// Takes nothing for there any more that was sent: the store may be another one than before, or have lost it.
    func forgetSent()

    /// Returns when everything is kept. The same batch, or a part of it, may come again.
    /// - Parameter token: the same for the same batch.
    func insert(_ batch: AnalyticsBatch, token: String) async throws(AnalyticsFailure)

    /// Returns when nothing of it can be read any more.
    func erase(_ erasures: [Erasure]) async throws(AnalyticsFailure)

    /// Removes what is not kept any longer, where the store does not do so by itself.
    func deleteOld() async throws(AnalyticsFailure)

    /// Makes reports quicker, where the store can: called now and then by whoever sends, never while it is sending.
    /// - Returns: whether there is more of it.
    func sumUp() async throws(AnalyticsFailure) -> Bool

    /// One row for each key of which there is anything, in any order.
    func enrichment(_ question: EnrichmentQuestion, _ bound: any Interruptible) async throws(AnalyticsFailure)
        -> [EnrichmentSums]

    func credits(_ question: CreditQuestion, _ bound: any Interruptible) async throws(AnalyticsFailure)
        -> [CreditSums]

    /// The calls of the results that the question is about, by provider, outcome and duration.
    /// - Parameter question: its grouping says nothing here, and its provider is the one that was called.
    func calls(_ question: EnrichmentQuestion, _ bound: any Interruptible) async throws(AnalyticsFailure)
        -> [CallCount]

    /// Rows in the order of their time, and of those at the same time in an order of the store's own.
    func enrichmentRows(
        _ question: EnrichmentQuestion, after: EnrichmentRow.Key?, limit: Int, _ bound: any Interruptible
    ) async throws(AnalyticsFailure) -> [EnrichmentRow]

    func creditRows(
        _ question: CreditQuestion, after: CreditRow.Key?, limit: Int, _ bound: any Interruptible
    ) async throws(AnalyticsFailure) -> [CreditRow]

    /// Of all that is kept of these workspaces and days from `day` on.
    /// - Parameter day: since 1970-01-01.
    func daySums(
        _ dataset: AnalyticsDataset, of workspaces: [UUID], from day: Int64, _ bound: any Interruptible
    ) async throws(AnalyticsFailure) -> [DaySums]

    /// Those of which there is anything, in the order of their texts.
    func workspaces(
        _ dataset: AnalyticsDataset, after: UUID?, limit: Int, _ bound: any Interruptible
    ) async throws(AnalyticsFailure) -> [UUID]

    /// Lets go of its connections.
    func close()
}

/// Why a store did not do what it was asked.
public struct AnalyticsFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// It is away, overloaded or does not answer as it should: later it may.
        case unavailable
        /// It does not take this, however often it is asked.
        case refused
        /// Whoever asked wants no answer any more, or has no time left.
        case interrupted
        /// It took more time, rows or memory than a question may.
        case tooMuch
    }

    public let kind: Kind
    /// For the log; without secrets and without what was sent.
    public let description: String

    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
