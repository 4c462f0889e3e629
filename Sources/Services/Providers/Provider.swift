import Cryptography
import JSON

/// A provider as its manifest describes it. Never changes: a manifest that does makes another.
public final class Provider: Sendable {
    let manifest: Manifest

    public init(_ manifest: Manifest) {
        self.manifest = manifest
    }

    public var slug: String { manifest.slug }
    public var name: String { manifest.name }
    /// Where the provider describes itself.
    public var documentation: String { manifest.documentation }
    /// Whether somebody has tried the manifest against the real service.
    public var isVerified: Bool { manifest.isVerified }
    /// The names of what it can give, in the order of the manifest.
    public var fields: [String] { manifest.answer.fields.map(\.name) }

    /// Credits for each field that is found.
    public func cost(_ key: KeyKind) -> Int64 {
        switch key {
        case .platform: manifest.platformCost
        case .own: manifest.ownCost
        }
    }

    /// JSON Schema of what it needs of a record's fields, once normalised.
    public var inputSchema: [UInt8] { manifest.input.schemaJSON }

    /// JSON Schema of what it gives: an object of its fields, none of them certain.
    public var outputSchema: [UInt8] {
        JSONWriter.object { writer in
            writer.key("type")
            writer.string("object")
            writer.key("properties")
            writer.beginObject()
            for field in manifest.answer.fields {
                writer.key(field.name)
                writer.raw(field.schemaJSON)
            }
            writer.endObject()
        }
    }

    /// The names of the fields of a record that it reads.
    var fieldsRead: [String] { manifest.input.parts.map(\.name) }

    /// What it is asked about, for a record.
    ///
    /// - Parameter record: an object of the record's fields; those that the provider does not need are passed over.
    /// - Returns: what the record lacks, where it does.
    public func input(from record: JSON) -> Result<LookupInput, InputLack> {
        do {
            let (canonical, values) = try manifest.input.read(record)
            let hash = try SHA256.digest(
                Provider.framed([Array(slug.utf8), manifest.identity, canonical]))
            return .success(LookupInput(canonical: canonical, hash: hash, values: values))
        } catch InputTemplate.Misfit.lacking(let reasons) {
            return .failure(InputLack(reasons: reasons))
        } catch {
            return .failure(InputLack(reasons: ["it cannot be hashed"]))
        }
    }

    /// Each part with its length before it, so that no two lists run into the same bytes.
    private static func framed(_ parts: [[UInt8]]) -> [UInt8] {
        parts.flatMap { part in
            withUnsafeBytes(of: UInt64(part.count).bigEndian) { Array($0) } + part
        }
    }
}
