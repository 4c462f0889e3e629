import JSON
import Postgres
import RPC

/// The records of one call, checked: each has a name of its own, and fields that can be stored.
struct RecordBatch: Sendable {
    let count: Int
    /// An object with the fields of each under its `externalId`: so PostgreSQL finds one by its name.
    let fieldsByExternalID: JSONText
    /// Whether a field is to be removed.
    let hasNull: Bool
    /// As they were given, for who has to be told of one by its place.
    private let json: JSON

    /// Errors beyond these are not told: a thousand records may have a hundred thousand.
    private static let mostErrors = 1000

    /// - Parameter errors: gets everything that does not fit; then there is no batch.
    init?(_ json: JSON, _ limits: Limits, _ errors: inout [FieldError]) {
        guard json.kind == .array else {
            errors.append(FieldError("records", .type, "has to be a list"))
            return nil
        }
        guard (1...limits.bulkRecords).contains(json.count) else {
            errors.append(
                FieldError("records", .length, "has to have 1 to \(limits.bulkRecords) entries"))
            return nil
        }
        var reader = Reader(limits, reserving: json.sourceBytes.count)
        for (index, record) in json.elements.enumerated() { reader.read(record, at: index) }
        guard reader.faults.isEmpty else {
            errors += reader.faults.prefix(RecordBatch.mostErrors)
            return nil
        }
        self.json = json
        count = json.count
        fieldsByExternalID = JSONText(reader.object)
        hasNull = reader.hasNull
    }

    /// Where the record of that name stands.
    func place(of externalID: String) -> Int? {
        let wanted = Array(externalID.utf8)
        return json.elements.enumerated().first { _, record in
            record["externalId"]?.withUTF8 { $0.elementsEqual(wanted) } ?? false
        }?.offset
    }
}

/// Takes records in, one after the other. By bytes, since a call may have a hundred thousand names and values.
private struct Reader {
    private(set) var faults: [FieldError] = []
    private(set) var hasNull = false
    private let limits: Limits
    private var output: [UInt8] = [UInt8(ascii: "{")]
    private var places: [[UInt8]: Int] = [:]

    init(_ limits: Limits, reserving capacity: Int) {
        self.limits = limits
        output.reserveCapacity(capacity)
    }

    /// What was read, as JSON; worth something only without faults.
    var object: String { String(decoding: output, as: UTF8.self) + "}" }

    mutating func read(_ record: JSON, at index: Int) {
        guard record.kind == .object else {
            return add(FieldError("records[\(index)]", .type, "has to be an object"))
        }
        var externalID: JSON?
        var fields: JSON?
        for (name, value) in record.members {
            if name.isString("externalId") {
                if externalID != nil { note(name, index, .duplicate, "stands there twice") }
                externalID = value
            } else if name.isString("fields") {
                if fields != nil { note(name, index, .duplicate, "stands there twice") }
                fields = value
            } else {
                note(name, index, .unknown, "is not a member of a record; what it holds stands in fields")
            }
        }
        read(externalID: externalID, at: index)
        read(fields: fields, at: index)
        if output.count > 1 { output.append(UInt8(ascii: ",")) }
        output.append(contentsOf: externalID?.sourceBytes ?? [])
        output.append(UInt8(ascii: ":"))
        output.append(contentsOf: fields?.sourceBytes ?? [])
    }

    private mutating func read(externalID: JSON?, at index: Int) {
        guard let externalID else {
            return add(FieldError("records[\(index)].externalId", .required, "is required"))
        }
        if let misfit = RecordRules.textMisfit(of: externalID, RecordRules.externalIDLength) {
            return add(FieldError("records[\(index)].externalId", misfit))
        }
        guard let text = externalID.withUTF8({ Array($0) }),
            let earlier = places.updateValue(index, forKey: text)
        else { return }
        add(
            FieldError(
                "records[\(index)].externalId", .duplicate,
                "is that of records[\(earlier)], too; give each record once"))
    }

    private mutating func read(fields: JSON?, at index: Int) {
        guard let fields else {
            return add(FieldError("records[\(index)].fields", .required, "is required"))
        }
        guard fields.kind == .object else {
            return add(FieldError("records[\(index)].fields", .type, "has to be an object"))
        }
        guard fields.count <= limits.recordFields else {
            return add(
                FieldError(
                    "records[\(index)].fields", .length,
                    "has to have at most \(limits.recordFields) fields"))
        }
        guard fields.sourceBytes.count <= limits.recordBytes else {
            return add(
                FieldError(
                    "records[\(index)].fields", .length,
                    "has to be at most \(limits.recordBytes) bytes of JSON"))
        }
        if let name = fields.duplicatedMember() {
            add(
                FieldError(
                    "records[\(index)].fields.\(name.prefix(64))", .duplicate, "stands there twice"))
        }
        for (name, value) in fields.members {
            let misfit: Misfit?
            if !RecordRules.isName(name) {
                misfit = RecordRules.nameMisfit
            } else if value.isNull {
                hasNull = true
                continue
            } else {
                misfit = RecordRules.misfit(of: value)
            }
            guard let misfit else { continue }
            let path = "records[\(index)].fields.\((name.string ?? "").prefix(64))"
            add(FieldError(path, misfit))
        }
    }

    private mutating func note(_ name: JSON, _ index: Int, _ code: FieldError.Code, _ message: String) {
        add(FieldError("records[\(index)].\((name.string ?? "").prefix(64))", code, message))
    }

    private mutating func add(_ fault: FieldError) { faults.append(fault) }
}
