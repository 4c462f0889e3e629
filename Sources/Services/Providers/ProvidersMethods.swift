import Cryptography
import Identifiers
import JSON
import Postgres
import RPC

/// The providers, as callers see them.
struct Providers: Sendable {
    let platform: Platform

    private static let exampleWorkspace = #""workspaceId":"6f1c0b8e-3a55-4c8e-9d54-0d6f3f6c2a10""#

    var methods: [Method] {
        [
            Method(
                "providers.list", "Lists the providers by their slugs.", role: .user, apiKeys: true,
                route: .get("/providers"),
                params: Params(.limit, .optional(.slugCursor), .optional(.ownWorkspace)),
                result: ProviderView.shape.page,
                example: Example("{}", gives: #"{"items":[],"nextCursor":null}"#),
                run: platform.transaction(options: .readOnly, list)),
            Method(
                "providers.get", "Gives one provider.", role: .user, apiKeys: true,
                route: .get("/providers/{slug}"),
                params: Params(.providerSlug("slug"), .optional(.ownWorkspace)), result: ProviderView.shape,
                example: Example(#"{"slug":"hunter"}"#, gives: #"{"slug":"hunter","circuit":"closed"}"#),
                run: platform.transaction(options: .readOnly, get)),
            Method(
                "providers.test",
                "Asks a provider once with the workspace's newest credential for it, and tells what it answered. Charges nothing.",
                role: .admin, mutates: true, route: .post("/workspaces/{workspaceId}/providers/{slug}/test"),
                params: Params(
                    .workspace, .providerSlug("slug"),
                    .object(
                        "input", bytes: 65_536,
                        "The fields of a record, as the provider's `inputSchema` has them.")),
                result: ProviderTest.shape,
                example: Example(
                    #"{\#(Providers.exampleWorkspace),"slug":"hunter","input":{"domain":"example.org","firstName":"Ada","lastName":"Lovelace"}}"#,
                    gives: #"{"outcome":"found"}"#),
                run: platform.steps(test)),
            Method(
                "admin.circuits.list",
                "Lists the circuits that ever opened or were forced: which providers are left alone, with which keys.",
                role: .operator, route: .get("/admin/circuits"),
                params: Params(.limit, .optional(.circuitCursor)), result: CircuitView.shape.page,
                example: Example("{}", gives: #"{"items":[],"nextCursor":null}"#),
                run: platform.transaction(options: .readOnly, listCircuits)),
            Method(
                "admin.circuits.force",
                "Keeps a circuit open or closed, or lets it go by what happens again, closed to begin with. Every daemon follows within seconds.",
                role: .operator, mutates: true, route: .put("/admin/circuits/{provider}"),
                params: Params(
                    .provider,
                    .optional(.credentialLabel),
                    .choice("state", Circuit.Force.allCases.map(\.rawValue), "What it has to be.")),
                result: CircuitView.shape,
                example: Example(
                    #"{"provider":"hunter","state":"open"}"#, gives: #"{"provider":"hunter","state":"open"}"#),
                run: platform.transaction(force)),
        ]
    }
}

extension Param where Value == String {
    /// Whose key a circuit is for.
    fileprivate static let credentialLabel = Param(
        "credential", .string(length: 1...36, format: nil),
        "`platform`, which is meant where nothing is said, or the id of a credential."
    ) { json in
        guard let text = json.string else { return .failure(Misfit(.type, "has to be a string")) }
        guard text == CircuitKey.platform || UUID(text) != nil else {
            return .failure(Misfit(.format, "has to be platform, or the id of a credential"))
        }
        return .success(text.lowercased())
    }

    fileprivate static let slugCursor = textCursor { Slug.isValid($0) }
    fileprivate static let circuitCursor = textCursor { $0.split(separator: "/").count == 2 }

    /// A place in a list that is ordered by a text.
    private static func textCursor(_ isPlace: @escaping @Sendable (String) -> Bool) -> Param {
        Param("cursor", .string(length: 1...200, format: nil), "The `nextCursor` of the page before.") {
            json in
            guard let text = json.string else { return .failure(Misfit(.type, "has to be a string")) }
            guard text.utf8.count <= 200, let bytes = Base64URL.decode(text),
                let place = String(validating: bytes, as: UTF8.self), isPlace(place), !place.utf8.contains(0)
            else {
                return .failure(Misfit(.format, "is no cursor of this list; leave it out to begin anew"))
            }
            return .success(place)
        }
    }
}

extension Param where Value == UUID {
    fileprivate static let ownWorkspace = uuid(
        "workspaceId", "To its members `ownCircuit` is of its newest credential.")
}

/// A provider with the circuit of the platform's key, and of a workspace's own.
struct ProviderView: Sendable {
    let provider: Provider
    let circuit: Circuit
    /// `nil`: it has none, or none is asked for.
    let ownCircuit: Circuit?

    private static let schemaText = Shape<[UInt8]>(.object(name: nil, [], open: true)) { $1.raw($0) }

    static let shape: Shape<ProviderView> = .object(
        "Provider",
        Field("slug", .string, "How jobs and credentials name it.") { $0.provider.slug },
        Field("name", .string, "How people do.") { $0.provider.name },
        Field("documentation", .string, "Where the provider describes itself.") { $0.provider.documentation },
        Field("verified", .boolean, "Whether it has been tried against the real service.") {
            $0.provider.isVerified
        },
        Field("fields", Shape.string.list, "What it can give.") { $0.provider.fields },
        Field("creditCost", .integer, "For a field that is found with the platform's key.") {
            $0.provider.cost(.platform)
        },
        Field("ownKeyCreditCost", .integer, "With the workspace's own.") { $0.provider.cost(.own) },
        Field("inputSchema", schemaText, "JSON Schema of what it needs of a record, normalised.") {
            $0.provider.inputSchema
        },
        Field("outputSchema", schemaText, "JSON Schema of what it gives.") { $0.provider.outputSchema },
        Field("circuit", .choice(Circuit.State.self), "Whether it is called: not while it is open.") {
            $0.circuit.state
        },
        Field("openUntil", Shape.timestamp.nullable, "When it is tried again, where that is known.") {
            $0.circuit.openUntil
        },
        Field(
            "ownCircuit", Shape.choice(Circuit.State.self).nullable,
            "The same with the workspace's newest credential; null without one."
        ) { $0.ownCircuit?.state },
        Field("ownOpenUntil", Shape.timestamp.nullable, "When it is tried again with that.") {
            $0.ownCircuit?.openUntil
        })
}

/// What a provider answered to a test.
struct ProviderTest: Sendable {
    enum Outcome: String, Sendable, CaseIterable {
        case found, notFound
    }

    let outcome: Outcome
    let fields: [FoundField]
    let key: KeyKind
    let durationMs: Int64

    private static let value = Shape<[UInt8]>(.any) { $1.raw($0) }
    private static let confidence = Shape<Double>(.number) { $1.double($0) }

    private static let field: Shape<FoundField> = .object(
        "FoundField",
        Field("name", .string, "Which field.") { $0.name },
        Field("value", value, "What it is.") { $0.value },
        Field("confidence", confidence, "How sure it is, 0 to 1.") { $0.confidence })

    static let shape: Shape<ProviderTest> = .object(
        "ProviderTest",
        Field("outcome", .choice(Outcome.self), "Whether it knows anything.") { $0.outcome },
        Field("fields", field.list, "What it gave, checked.") { $0.fields },
        Field("key", .choice(KeyKind.self), "Whose key it was asked with.") { $0.key },
        Field("durationMs", .integer, "How long it took.") { $0.durationMs })
}

/// A circuit, as the operator sees it.
struct CircuitView: Sendable {
    let key: CircuitKey
    let workspace: UUID?
    let circuit: Circuit
    let updatedAt: Timestamp

    static let shape: Shape<CircuitView> = .object(
        "Circuit",
        Field("provider", .string, "The slug.") { $0.key.provider },
        Field("credential", .string, "`platform`, or the id of a workspace's own.") { $0.key.credential },
        Field("workspaceId", Shape.uuid.nullable, "Whose credential it is.") { $0.workspace },
        Field("state", .choice(Circuit.State.self), "Whether the provider is called: not while it is open.") {
            $0.circuit.state
        },
        Field("openUntil", Shape.timestamp.nullable, "When it is tried again, where that is known.") {
            $0.circuit.openUntil
        },
        Field("openings", .integer, "In a row.") { Int64($0.circuit.openings) },
        Field("forced", .choice(Circuit.Force.self), "What the operator said.") { $0.circuit.forced },
        Field("updatedAt", .timestamp, "When it changed last.") { $0.updatedAt })
}
