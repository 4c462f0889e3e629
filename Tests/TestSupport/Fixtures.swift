import JSON
import RPC

/// The methods that the conformance corpus names. They exist in tests only.
public enum Fixtures {
    public static let methods: [Method] = [
        Method(
            "subtract", "Subtracts.", role: .public,
            params: Params(.integer("minuend", range, "From this."), .integer("subtrahend", range, "This.")),
            result: .integer, example: Example(#"{"minuend":42,"subtrahend":23}"#, gives: "19"),
            run: .immediate { _, minuend, subtrahend in minuend - subtrahend }),
        Method(fixture: "sum") { call in
            guard case .positional(let list) = call.arguments else {
                return call.fail(CallError(.validation))
            }
            let sum = list.elements.reduce(Int64(0)) { $0 &+ ($1.int64 ?? 0) }
            call.succeed(Body(.json(Array("\(sum)".utf8))))
        },
        Method(fixture: "update") { $0.succeed(null) },
        Method(fixture: "notify_hello") { $0.succeed(null) },
        Method(fixture: "notify_sum") { $0.succeed(null) },
        Method(fixture: "get_data") { $0.succeed(Body(.json(Array(#"["hello",5]"#.utf8)))) },
        Method(fixture: "test.echo") { call in
            switch call.arguments {
            case .none: call.succeed(null)
            case .named(let value), .positional(let value):
                var writer = JSONWriter()
                writer.value(value)
                call.succeed(Body(.json(writer.bytes)))
            }
        },
        Method(fixture: "test.void") { $0.succeed(null) },
        Method(fixture: "test.fail") { $0.fail(CallError(boom, details: Array(#"{"k":"v"}"#.utf8))) },
        Method(
            "test.crash", "Fails in a way that nobody foresaw.", role: .public, params: Params(),
            result: .done,
            example: Example("{}", gives: "{}"), run: .immediate { _ in throw Unforeseen() }),
    ]

    private struct Unforeseen: Error {}

    private static let range: ClosedRange<Int64> = -1_000_000_000...1_000_000_000
    private static let null = Body(.json(Array("null".utf8)))
    private static let boom = ErrorCode(
        "BOOM", rpc: 1001, http: 500, "boom", meaning: "A fixture.", isBare: true)
}
