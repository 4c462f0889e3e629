import JSON
import NIOHTTP1

extension CallLedger.Counts {
    /// - Parameter input: whose counts these are; nil for a sum.
    func write(of input: String?, to writer: inout JSONWriter) {
        writer.beginObject()
        if let input {
            writer.key("input")
            writer.string(input)
        }
        writer.key("calls")
        writer.int(calls)
        writer.key("found")
        writer.int(Int(found))
        writer.key("notFound")
        writer.int(Int(notFound))
        writer.key("throttled")
        writer.int(Int(throttled))
        writer.key("faults")
        writer.int(Int(faults))
        writer.key("idempotencyKeys")
        writer.int(Int(idempotencyKeys))
        writer.endObject()
    }
}

extension Provider {
    func writeExpectation(of input: Input, to writer: inout JSONWriter) {
        let expectation = expect(input)
        writer.beginObject()
        writer.key("input")
        writer.string(input.text)
        writer.key("found")
        writer.bool(expectation.answer.isFound)
        writer.key("answer")
        if expectation.answer.isFound {
            expectation.answer.write(id: expectation.answer.id, to: &writer)
        } else {
            writer.null()
        }
        writer.key("succeedsAt")
        if let attempt = expectation.succeedsAt { writer.int(attempt) } else { writer.null() }
        writer.key("faults")
        writer.beginArray()
        for fault in expectation.faults {
            if let fault { writer.string(fault.name) } else { writer.null() }
        }
        writer.endArray()
        writer.endObject()
    }
}

extension Hook {
    /// Members of an object that is open.
    func writeCounts(to writer: inout JSONWriter) {
        writer.key("received")
        writer.int(received)
        writer.key("accepted")
        writer.int(accepted)
        writer.key("dropped")
        writer.int(dropped)
    }
}
