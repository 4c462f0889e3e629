/// What a provider does instead of answering as it should. Its case is its name in a behaviour.
enum Fault: Int, CaseIterable, Sendable {
    /// 500, 503, and 429 with a Retry-After.
    case http500, http503, http429
    /// The connection is reset once the request has been read.
    case reset
    /// No answer for as long as the client waits, ten minutes at most.
    case hang
    /// Content-Length promises more than is sent before the connection is closed.
    case truncated
    /// A body without an end, some 16 MB a second.
    case endless
    /// The right answer, a byte at a time.
    case drip
    /// 302 to another port of this host, which counts who comes.
    case redirectLoopback
    /// 302 to the same place.
    case redirectLoop
    /// 200, and the body tells of an error.
    case errorInside
    /// JSON of another shape than ever was agreed upon.
    case wrongSchema
    /// 200 with a page of HTML.
    case wrongType
    /// JSON but for two bytes that are no UTF-8.
    case nonUtf8
    /// The right answer, twice, under an id that all inputs share.
    case duplicateIds
    /// One megabyte of gzip, 1 GiB when unpacked.
    case bomb

    var name: String { "\(self)" }

    init?(named name: String) {
        guard let fault = Fault.allCases.first(where: { $0.name == name }) else { return nil }
        self = fault
    }
}

/// How likely each fault is, for one attempt. Together they are at most 1.
struct FaultOdds: Sendable, Equatable {
    private var odds = [Double](repeating: 0, count: Fault.allCases.count)

    init(_ odds: [Fault: Double] = [:]) {
        for (fault, value) in odds { self[fault] = value }
    }

    subscript(fault: Fault) -> Double {
        get { odds[fault.rawValue] }
        set { odds[fault.rawValue] = newValue }
    }

    var total: Double { odds.reduce(0, +) }

    /// The fault that `draw`, which is 0 up to but not including 1, falls upon.
    func fault(at draw: Double) -> Fault? {
        var end = 0.0
        for fault in Fault.allCases {
            end += odds[fault.rawValue]
            if draw < end { return fault }
        }
        return nil
    }
}
