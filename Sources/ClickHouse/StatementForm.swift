/// A statement and its values as the body of a POST (multipart/form-data, RFC 7578), which ClickHouse takes in place of a URL: in a URL
/// they would be bounded to some kilobytes and stand in the logs of whatever is in between.
struct StatementForm {
    let contentType: String
    let body: [UInt8]

    /// Of one value, `http_max_field_value_size`.
    static let maximumValueBytes = 128 * 1024

    /// - Throws: ``ClickHouseFailure/unusable(_:)`` when a part is longer than the server takes.
    init(_ sql: String, _ parameters: [ClickHouseParameter]) throws(ClickHouseFailure) {
        // Random, so that no value can have it in it.
        let boundary =
            String(UInt64.random(in: .min ... .max), radix: 36)
            + String(UInt64.random(in: .min ... .max), radix: 36)
        var body: [UInt8] = []
        for (name, value) in [("query", sql)] + parameters.map({ ("param_" + $0.name, $0.value) }) {
            guard value.utf8.count <= StatementForm.maximumValueBytes else {
                throw .unusable("\(name) has more than \(StatementForm.maximumValueBytes) bytes")
            }
            body += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n".utf8
            body += value.utf8
            body += "\r\n".utf8
        }
        body += "--\(boundary)--\r\n".utf8
        self.body = body
        contentType = "multipart/form-data; boundary=\(boundary)"
    }
}
