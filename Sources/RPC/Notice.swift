/// Something that an operator may want to know, search and be told more about: its kind has a number in the journal and a text in the
/// catalog (journalctl -x).
public struct Notice: Sendable, CustomStringConvertible {
    /// What it is about.
    public let kind: Kind
    /// In a sentence.
    public let description: String
    /// Of the call on whose way it was noted, if it was on one's.
    public let requestID: String?

    public init(_ kind: Kind, _ text: String) {
        self.kind = kind
        description = text
        requestID = RequestContext.requestID
    }

    public enum Severity: Sendable {
        case info, warning, error
    }

    public enum Kind: String, Sendable, CaseIterable {
        case started, stopping, reloaded, reloadRefused
        case callFailed, unavailable, paused, resumed
        case upkeepFailed, resultsWait, resultLost, webhookNeglected
        case webhookDisabled, mailNotSent, providersRead, providersRefused
        case circuitOpened, circuitClosed, circuitForced, deadLetter, keyUnreadable
        case analyticsAway, analyticsDropped, redisAway, redisBack, setting
    }
}

/// Whose work this is. Threads of the database know nothing of it: what they do is told by whoever asked them.
public enum RequestContext {
    @TaskLocal public static var requestID: String?
}

extension Notice.Kind {
    /// Of the journal's field MESSAGE_ID (sd-id128(3)): the same for ever.
    public var messageID: String {
        switch self {
        case .started: "9fb93534081c525371e273a87984a8ab"
        case .stopping: "db149e4714be09abf93fe42eabd2d9f2"
        case .reloaded: "3994693ea3ae6e685323451b4a95902a"
        case .reloadRefused: "1aa615a94b6a5551a061ae14a1dbf721"
        case .callFailed: "8b3a15353f137b705856c32a687b253b"
        case .unavailable: "a7213dfe8932829320dd5386c9cf0800"
        case .paused: "67d1191fda80a0bd919e9bc7f4a02d92"
        case .resumed: "fd95588c5e4ef10bb14cf51964cd1715"
        case .upkeepFailed: "d561cab77e4d173d344d04cb5f0f2c02"
        case .resultsWait: "3c85b930b9f0920f929e04e213311e91"
        case .resultLost: "1b0b5a92ca9f1daec5e1fb5bb643edf4"
        case .webhookNeglected: "fece6b989a323eaef86c67b35a0ac810"
        case .webhookDisabled: "5da24106869b7c3d419274d465ee28de"
        case .mailNotSent: "4bcee26a6a9df49c0954549c429fdbf7"
        case .providersRead: "56c8a7f9757f31252d53b107073391a5"
        case .providersRefused: "3623ac6122ae0903220425dd2e67dbe9"
        case .circuitOpened: "cae33afe57807cdb9f642b78f0088cfc"
        case .circuitClosed: "76e2507bc7b13aa8d3655fc9e35d6c11"
        case .circuitForced: "671b5a9656936632c5c30e119edb8d92"
        case .deadLetter: "92d254d7fe03c0e4c08f532c9af26054"
        case .keyUnreadable: "6f2f8f0c1b7d4a0e9d1c3f6b5a7e2c48"
        case .analyticsAway: "260aa565fe52d37f23d84df9e6009604"
        case .analyticsDropped: "17d104f66e3312b073e45fcec83c2a8d"
        case .redisAway: "86b22542b5810f0a6ffc4798d551e17d"
        case .redisBack: "98177d4622d2fa857e8804180025cd7f"
        case .setting: "884f31660a43fe8899ef1e6ea55cafd9"
        }
    }

    public var severity: Notice.Severity {
        switch self {
        case .started, .stopping, .reloaded, .resumed, .providersRead, .circuitClosed, .circuitForced,
            .redisBack:
            .info
        case .unavailable, .paused, .upkeepFailed, .resultsWait, .webhookNeglected, .webhookDisabled,
            .mailNotSent, .providersRefused, .circuitOpened, .analyticsAway, .analyticsDropped, .redisAway,
            .setting:
            .warning
        case .reloadRefused, .callFailed, .resultLost, .deadLetter, .keyUnreadable: .error
        }
    }

    /// What has happened, without its particulars.
    public var summary: String {
        switch self {
        case .started: "The daemon serves"
        case .stopping: "The daemon stops"
        case .reloaded: "The settings were read again"
        case .reloadRefused: "The settings stay as they were"
        case .callFailed: "A call failed inside the daemon"
        case .unavailable: "A call could not be served in time"
        case .paused: "Calls are held"
        case .resumed: "Calls go on"
        case .upkeepFailed: "Work of the daemon's own failed"
        case .resultsWait: "Results of jobs could not be written"
        case .resultLost: "A result of a job was let go"
        case .webhookNeglected: "A webhook was not looked after"
        case .webhookDisabled: "A webhook was disabled"
        case .mailNotSent: "A mail was not sent"
        case .providersRead: "The providers were read again"
        case .providersRefused: "The providers stay as they were"
        case .circuitOpened: "A provider is not called for a while"
        case .circuitClosed: "A provider is called again"
        case .circuitForced: "The operator has decided about a circuit"
        case .deadLetter: "Analytics refuses a row for good"
        case .keyUnreadable: "A provider's key cannot be read"
        case .analyticsAway: "Analytics cannot be reached"
        case .analyticsDropped: "Notes for analytics were dropped"
        case .redisAway: "Redis is away"
        case .redisBack: "Redis is back"
        case .setting: "Something is set that may not be meant"
        }
    }

    /// What it means, and what to do.
    public var explanation: String {
        switch self {
        case .started:
            "It answers calls from now on. The sockets it listens on are in the message."
        case .stopping:
            "It takes no new connections and lets what runs finish within RPCD_LIMIT_DRAIN_TIMEOUT_MS."
        case .reloaded:
            "What can change while it serves has changed, all of it at once. What needs a restart is named in the message."
        case .reloadRefused:
            "A setting that was to be read again does not fit; nothing has changed. The message says which, and what it takes; rpcd config check names all of them. Mend it and reload again."
        case .callFailed:
            "The caller was told INTERNAL_ERROR and no more; the cause is in this entry. REQUEST_ID= finds everything about the call. If it comes again, make a bug report (rpcd bugreport)."
        case .unavailable:
            "The database was away, busy, or slower than the call's deadline. rpcd doctor says how the database is; rpcd status, how full the pool."
        case .paused:
            "An operator has paused the daemon (rpcd pause): calls wait until rpcd resume, or until the time he gave is over."
        case .resumed:
            "What waited while the daemon was paused is served now."
        case .upkeepFailed:
            "It is tried again by itself. Most often the database is away; if it is not, the message says what to look at."
        case .resultsWait:
            "They are kept and written again. Nothing that was paid is lost; providers are not asked again for them."
        case .resultLost:
            "It could not be written, for a reason that does not go away. Its credits were not taken; jobs.retry asks again."
        case .keyUnreadable:
            "Its provider is passed over: tasks go on to the next one, or fail and can be asked again with jobs.retry. A file of the operator's has to belong to the daemon's user, mode 0600; a workspace's credential needs the master key that sealed it (rpcd keys list, rpcd doctor)."
        case .webhookNeglected:
            "The database was away, or a master key is missing here. It is tried again after two minutes."
        case .webhookDisabled:
            "Its endpoint has failed for too long, or says that it is gone. The owner enables it with webhooks.update."
        case .mailNotSent:
            "The message has the server's words. It is tried again for three days unless it says that it is given up."
        case .providersRead:
            "The manifests of RPCD_PROVIDERS_DIR have changed and are in force."
        case .providersRefused:
            "A file in RPCD_PROVIDERS_DIR is no manifest. rpcd providers check says what is wrong with it."
        case .circuitOpened:
            "It failed too often, or does not take the credential. It is tried again at the time in the message; admin.circuits.force decides otherwise."
        case .circuitClosed:
            "It has answered."
        case .circuitForced:
            "It stays so until admin.circuits.force says otherwise."
        case .deadLetter:
            "The row is kept as a dead letter (admin.deadLetters.list); the rest has gone through. When the reason is mended, admin.deadLetters.replay sends it again."
        case .analyticsAway:
            "Everything but reports goes on; what is noted for them is sent when the store is back. rpcd doctor asks it, and says what it says."
        case .analyticsDropped:
            "The store has been away for so long that RPCD_ANALYTICS_BACKLOG is full. Nothing is lost: what they told of is read anew when the store is back."
        case .redisAway:
            "Limits hold for each daemon by itself, sessions are asked of the database. It comes back by itself."
        case .redisBack:
            "Limits are shared again."
        case .setting:
            "The message says what."
        }
    }
}

extension Notice {
    /// The catalog of the journal: each kind with its number and text.
    public static var catalog: String {
        Kind.allCases.map { kind in
            """
            -- \(kind.messageID)
            Subject: \(kind.summary)
            Defined-By: rpcd
            Documentation: man:rpcd(1)

            \(kind.explanation)

            """
        }.joined(separator: "\n")
    }
}
