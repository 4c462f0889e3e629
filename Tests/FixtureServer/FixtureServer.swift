import NIOPosix
import RPC
import TestSupport
import Transports

/// The methods that the conformance corpus names, on standard input and output, and whatever a library may print there.
@main
enum FixtureServer {
    static func main() async throws {
        let noisy = Method(fixture: "test.print") { call in
            print("a library that talks")
            call.succeed(Body(.json(Array("null".utf8))))
        }
        let concurrency = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 1
        try await Stdio.serve(
            try .forTests(Fixtures.methods + [noisy]), concurrency: concurrency,
            on: MultiThreadedEventLoopGroup(numberOfThreads: 1))
    }
}
