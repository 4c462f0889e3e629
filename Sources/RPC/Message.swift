import JSON

/// The id of a request, as the bytes that it came in: it is echoed digit for digit.
struct MessageID: Sendable, Equatable {
    let bytes: [UInt8]

    static let null = MessageID(bytes: Array("null".utf8))

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// A string, a number or null; anything else is no id.
    init?(_ json: JSON) {
        switch json.kind {
        case .string, .number, .null: bytes = Array(json.sourceBytes)
        case .bool, .array, .object: return nil
        }
    }
}

/// One entry of JSON-RPC 2.0, alone or in a batch.
enum Message: Sendable {
    /// `id` is `nil` for a notification.
    case request(method: String, arguments: Arguments, id: MessageID?)
    case cancel(MessageID?)
    /// A response that nobody asked for.
    case ignored
    case invalid(id: MessageID)

    init(_ json: JSON) {
        guard json.kind == .object else {
            self = .invalid(id: .null)
            return
        }
        var version: JSON?
        var method: JSON?
        var params: JSON?
        var id: JSON?
        var isResponse = false
        var duplicate = false
        var duplicatedID = false
        for (key, value) in json.members {
            if key.isString("jsonrpc") {
                duplicate = duplicate || version != nil
                version = value
            } else if key.isString("method") {
                duplicate = duplicate || method != nil
                method = value
            } else if key.isString("id") {
                duplicatedID = duplicatedID || id != nil
                id = value
            } else if key.isString("params") {
                duplicate = duplicate || params != nil
                params = value
            } else if key.isString("result") || key.isString("error") {
                isResponse = true
            }
        }
        if method == nil, isResponse {
            self = .ignored
            return
        }
        let messageID = duplicatedID ? nil : id.flatMap(MessageID.init)
        guard !duplicate, !duplicatedID, id == nil || messageID != nil, version?.isString("2.0") == true,
            let name = method?.string, let arguments = Arguments(params)
        else {
            self = .invalid(id: messageID ?? .null)
            return
        }
        if name == "$/cancelRequest", id == nil {
            self = .cancel(arguments.value(named: "id", at: 0).flatMap(MessageID.init))
        } else {
            self = .request(method: name, arguments: arguments, id: messageID)
        }
    }
}

extension Arguments {
    /// From a `params` member; `nil` when it is neither object, array nor null.
    init?(_ params: JSON?) {
        switch params?.kind {
        case nil, .null: self = .none
        case .object: self = params.map(Arguments.named) ?? .none
        case .array: self = params.map(Arguments.positional) ?? .none
        case .bool, .number, .string: return nil
        }
    }
}
