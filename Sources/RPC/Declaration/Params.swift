import JSON

/// The params of a method in their declared order, which is also the order of positional params.
public struct Params<each Value: Sendable>: Sendable {
    private let params: (repeat Param<each Value>)

    public init(_ params: repeat Param<each Value>) {
        self.params = (repeat each params)
    }

    /// As data, for the documents.
    var members: [Schema.Member] {
        var members: [Schema.Member] = []
        for param in repeat each params {
            members.append(
                Schema.Member(param.name, param.schema, param.summary, isRequired: param.isRequired))
        }
        return members
    }

    /// Reads every param and collects everything that does not fit.
    func read(_ arguments: Arguments) -> Validated<repeat each Value> {
        var errors: [FieldError] = []
        var position = 0
        func next<T>(_ param: Param<T>) -> T? {
            defer { position += 1 }
            return param.read(arguments.value(named: param.name, at: position), &errors)
        }
        let values = (repeat next(each params))
        arguments.reportUnknown(besides: names, count: position, to: &errors)
        guard errors.isEmpty else { return Validated(failure: .fields(errors)) }
        func unwrapped<T>(_ value: T?) throws(CallError) -> T {
            guard let value else { throw CallError(.internalError) }
            return value
        }
        do {
            return Validated(values: (repeat try unwrapped(each values)))
        } catch {
            return Validated(failure: error)
        }
    }

    private var names: [String] {
        var names: [String] = []
        for param in repeat each params { names.append(param.name) }
        return names
    }
}

/// Params that were read: all of them, or the error that lists what does not fit.
///
/// Kept apart from throwing at once, because a role that is too low is answered before params that do not fit, and only
/// the database knows the role.
public struct Validated<each Value: Sendable>: Sendable {
    private let values: (repeat each Value)?
    private let failure: CallError

    init(values: (repeat each Value)) {
        self.values = values
        failure = CallError(.validation)
    }

    init(failure: CallError) {
        values = nil
        self.failure = failure
    }

    /// - Throws: `VALIDATION_ERROR` with all fields that do not fit.
    public func get() throws(CallError) -> (repeat each Value) {
        guard let values else { throw failure }
        return (repeat each values)
    }
}

/// What a caller gave: by name, in declared order, or nothing.
public enum Arguments: Sendable {
    case none
    /// An object; its `_meta` is not an argument.
    case named(JSON)
    case positional(JSON)

    /// The argument called `name`, or the one at `position`.
    public func value(named name: String, at position: Int) -> JSON? {
        switch self {
        case .none: nil
        case .named(let object): object[name]
        case .positional(let list): list[position]
        }
    }

    func reportUnknown(besides names: [String], count: Int, to errors: inout [FieldError]) {
        switch self {
        case .none: break
        case .positional(let list):
            if list.count > count {
                errors.append(FieldError("[\(count)]", .unknown, "is one param too many: there are \(count)"))
            }
        case .named(let object):
            if let name = object.duplicatedMember() {
                errors.append(FieldError(name, .duplicate, "stands there twice"))
            }
            for (key, _) in object.members {
                guard let key = key.string, key != Metadata.member, !names.contains(key) else { continue }
                guard errors.count < 100 else { return }
                errors.append(FieldError(String(key.prefix(64)), .unknown, "is not a param of this method"))
            }
        }
    }
}
