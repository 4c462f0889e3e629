/// A kind of event that a webhook can ask for. This is the one list of them: validation and documentation are read from here, and a test
/// compares it with what the sources raise.
struct EventType: Sendable {
    /// As `credits.low`.
    let name: String
    /// When it is raised.
    let summary: String

    private init(_ name: String, _ summary: String) {
        self.name = name
        self.summary = summary
    }

    static let all = [
        EventType(job(.completed), "A job has ended, and each of its fields was found or has a reason."),
        EventType(job(.partiallyCompleted), "A job has ended, and some of its fields failed."),
        EventType(job(.failed), "A job has ended without a result."),
        EventType(job(.cancelled), "A job was cancelled."),
        EventType("credits.low", "Less is available than one of the workspace's thresholds."),
        EventType("breaker.opened", "A provider fails: calls to it rest for a while."),
        EventType("breaker.closed", "A provider that failed is called again."),
        EventType(test, "Sent by `webhooks.test`, to that webhook alone."),
    ]

    /// That a job has ended so.
    static func job(_ status: JobStatus) -> String { "job." + status.rawValue }

    static let test = "webhook.test"
    /// For every event, those too that come with later releases.
    static let every = "*"

    /// What a webhook may ask for.
    static let choices = [every] + all.map(\.name)
}
