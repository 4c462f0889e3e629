import Foundation
import JSON
import Resilience

/// The start of a property test's random numbers. It is the test's argument, so a failure prints it.
public struct Seed: Sendable, CustomStringConvertible {
    public let value: UInt64

    public init(_ value: UInt64) {
        self.value = value
    }

    /// Seeds that differ in every run, so that each run looks somewhere else.
    public static func some(_ count: Int) -> [Seed] {
        (0..<count).map { _ in Seed(.random(in: .min ... .max)) }
    }

    public var generator: SplitMix64 { SplitMix64(seed: value) }
    public var description: String { "Seed(\(value))" }
}

/// Public test data beside the project. A clone without it skips the tests that read it; CI does not.
public enum Vectors {
    private static let folder: String = {
        if let folder = ProcessInfo.processInfo.environment["RPCD_TEST_VECTORS"] { return folder + "/.." }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return root.deletingLastPathComponent().appendingPathComponent("shared").path
    }()

    /// True in CI even when the data is absent, so that its absence fails there.
    public static let areHere =
        FileManager.default.fileExists(atPath: folder + "/vectors")
        || ProcessInfo.processInfo.environment["CI"] != nil

    /// Where a file of the test data is.
    public static func path(of file: String) -> String { folder + "/" + file }

    /// Each line of a file of JSON lines.
    public static func lines(of file: String) throws -> [JSON] {
        let text = try String(contentsOfFile: path(of: file), encoding: .utf8)
        return try text.split(separator: "\n").map { try JSON.parse(String($0), maxDepth: 512) }
    }
}

/// Runs what blocks for long on a thread of its own: those that tests share are few.
public func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
    }
}
