import Identifiers
import Synchronization
import Testing

@testable import RPC

/// W3C Trace Context, level 1.
@Suite("Trace context")
struct TraceContextTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let span = "00f067aa0ba902b7"

    @Test(
        "A call is a span below its caller's, in the same trace, with the caller's decision",
        arguments: [true, false])
    func below(isSampled: Bool) {
        let header = "00-\(TraceContextTests.trace)-\(TraceContextTests.span)-0\(isSampled ? 1 : 0)"
        let context = TraceContext(below: header, ratio: isSampled ? 0 : 1)
        #expect(context.traceID == TraceContextTests.trace)
        #expect(context.parentID == TraceContextTests.span)
        #expect(context.spanID != TraceContextTests.span)
        #expect(context.isSampled == isSampled)
        let next = TraceContext(below: context.header, ratio: isSampled ? 0 : 1)
        #expect(next.parentID == context.spanID)
        #expect(next.traceID == context.traceID)
    }

    @Test("What is done for an id is one trace, and whoever does it decides alike whether it is recorded")
    func ofAnID() async {
        func told(_ header: String) -> (String, isFault: Bool) { (header, isFault: false) }
        let recorded = Mutex<[TracedWork]>([])
        let tracer = Tracer(ratio: 0.5) { work in recorded.withLock { $0.append(work) } }
        for _ in 0..<100 {
            let id = UUID.random()
            for _ in 0..<2 {
                let header = await tracer.work("work", for: id, [:], outcome: told) {
                    TraceContext.current?.header ?? ""
                }
                #expect(header.hasPrefix("00-" + id.description.replacing("-", with: "") + "-"))
                let isRecorded = recorded.withLock { $0.contains { $0.outcome == header } }
                #expect(isRecorded == header.hasSuffix("-01"))
            }
        }
        // Both or neither of the two.
        let traces = Dictionary(grouping: recorded.withLock { $0 }, by: \.context.traceID)
        #expect(traces.values.allSatisfy { $0.count == 2 })
        #expect((20...80).contains(traces.count))
        let none = await Tracer.off.work("work", for: .random(), [:], outcome: told) {
            TraceContext.current?.header ?? "none"
        }
        #expect(none == "none")
    }

    @Test("Of traces that begin here the part is recorded that was asked for; no two are one")
    func ratio() {
        let contexts = (0..<10_000).map { _ in TraceContext(below: nil, ratio: 0.1) }
        #expect((800...1_200).contains(contexts.count(where: \.isSampled)))
        #expect(Set(contexts.map(\.traceID)).count == 10_000 && Set(contexts.map(\.spanID)).count == 10_000)
        #expect(contexts.allSatisfy { $0.parentID == nil && TraceContext.parse($0.header) != nil })
    }

    @Test("A version to come is read as far as it is known")
    func versions() {
        let header = "cc-\(TraceContextTests.trace)-\(TraceContextTests.span)-01-more"
        #expect(TraceContext(below: header, ratio: 0).parentID == TraceContextTests.span)
    }

    @Test(
        "What does not follow the recommendation begins a trace of its own",
        arguments: [
            nil, "", "00", "00-\(trace)-\(span)", "00-\(trace)-\(span)-01-more", "ff-\(trace)-\(span)-01",
            "00-\(trace.uppercased())-\(span)-01", "00-\(trace)-\(span)-1", "0-\(trace)-\(span)-01",
            "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
            "00-\(trace)x-\(span)-01", "00-\(trace)-\(span)-xx", " 00-\(trace)-\(span)-01",
        ])
    func malformed(header: String?) {
        let context = TraceContext(below: header, ratio: 1)
        #expect(context.parentID == nil)
        #expect(context.traceID != TraceContextTests.trace)
        #expect(context.traceID.utf8.count == 32)
        #expect(context.spanID.utf8.count == 16)
        #expect(context.isSampled)
    }
}

@Suite("Notices")
struct NoticeTests {
    @Test("Each kind has a number of its own, and a text that says what to do")
    func catalog() {
        let numbers = Notice.Kind.allCases.map(\.messageID)
        #expect(Set(numbers).count == numbers.count)
        for number in numbers { #expect(number.wholeMatch(of: /[0-9a-f]{32}/) != nil) }
        for kind in Notice.Kind.allCases {
            #expect(Notice.catalog.contains("-- \(kind.messageID)\nSubject: \(kind.summary)\n"))
            #expect(kind.explanation.hasSuffix("."))
        }
    }
}
