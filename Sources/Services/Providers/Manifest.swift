import JSON
import JSONSchema
import Resilience

/// One thing that is wrong with a manifest, and where.
public struct ManifestProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// A JSON pointer (RFC 6901) to what does not fit; to where it would be when it is missing.
    public let pointer: String
    /// As "has to be a string".
    public let message: String

    init(_ pointer: String, _ message: String) {
        self.pointer = pointer
        self.message = message
    }

    public var description: String { "\(pointer.isEmpty ? "the manifest" : pointer) \(message)" }
}

/// What is wrong with a manifest, all of it.
public struct ManifestProblems: Error, Sendable, Equatable, CustomStringConvertible {
    /// At least one, at most ``Manifest/maximumProblems``.
    public let problems: [ManifestProblem]

    public var description: String { problems.map(\.description).joined(separator: "\n") }
}

/// A file that describes a provider. Reading it is checking it: what has been read can be used.
public struct Manifest: Sendable {
    let slug: String
    let name: String
    let documentation: String
    let isVerified: Bool
    let platformCost: Int64
    let ownCost: Int64
    let input: InputTemplate
    let request: RequestTemplate
    let answer: AnswerTemplate
    let rate: RateLimit
    let concurrency: Int
    let timeoutMs: Int
    let retryableStatuses: Set<Int>
    let throttledStatuses: Set<Int>
    /// Of what is sent, what it is made from, and what is taken of an answer: an answer to another question, or read in another way, is none.
    let identity: [UInt8]

    public static let maximumBytes = 256 * 1024
    public static let maximumProblems = 100

    /// The JSON Schema of a manifest, as text.
    public static var schemaText: String { ManifestSchema.text }

    static let retryableStatuses: Set<Int> = [408, 429, 500, 502, 503, 504]
    static let throttledStatuses: Set<Int> = [429]

    /// - Throws: everything that is wrong.
    public init(_ bytes: [UInt8]) throws(ManifestProblems) {
        guard bytes.count <= Manifest.maximumBytes else {
            throw ManifestProblems(
                problems: [ManifestProblem("", "has to be at most \(Manifest.maximumBytes) bytes")])
        }
        let json: JSON
        do throws(JSONError) {
            json = try JSON.parse(bytes)
        } catch {
            throw ManifestProblems(problems: [ManifestProblem("", "is not JSON: \(error)")])
        }
        var reader = ManifestReader(json)
        guard let manifest = reader.manifest() else { throw ManifestProblems(problems: reader.problems) }
        self = manifest
    }

    init(
        slug: String, name: String, documentation: String, isVerified: Bool, platformCost: Int64,
        ownCost: Int64,
        input: InputTemplate, request: RequestTemplate, answer: AnswerTemplate, rate: RateLimit,
        concurrency: Int,
        timeoutMs: Int, retryableStatuses: Set<Int>, throttledStatuses: Set<Int>, identity: [UInt8]
    ) {
        self.slug = slug
        self.name = name
        self.documentation = documentation
        self.isVerified = isVerified
        self.platformCost = platformCost
        self.ownCost = ownCost
        self.input = input
        self.request = request
        self.answer = answer
        self.rate = rate
        self.concurrency = concurrency
        self.timeoutMs = timeoutMs
        self.retryableStatuses = retryableStatuses
        self.throttledStatuses = throttledStatuses
        self.identity = identity
    }
}
