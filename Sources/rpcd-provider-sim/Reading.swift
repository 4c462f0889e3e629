import JSON
import Resilience

/// Input that cannot be taken: what arrived, what is accepted.
struct BadInput: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A JSON value and where it stands, so that a fault can be told.
struct Place {
    let json: JSON
    let path: String

    init(_ json: JSON, _ path: String) {
        self.json = json
        self.path = path
    }

    static func parse(_ bytes: [UInt8], as path: String) throws(BadInput) -> Place {
        do throws(JSONError) {
            return Place(try JSON.parse(bytes), path)
        } catch {
            throw BadInput("\(path) is not JSON: \(error)")
        }
    }

    /// Each member and its name; nothing twice.
    func members() throws(BadInput) -> [(name: String, value: Place)] {
        guard json.kind == .object else { throw unfit("an object") }
        if let name = json.duplicatedMember() { throw BadInput("\(path): \(name) stands there twice") }
        return json.members.map { key, value in
            let name = key.string ?? ""
            return (name, Place(value, path + "." + name))
        }
    }

    func elements(_ count: ClosedRange<Int>) throws(BadInput) -> [Place] {
        guard json.kind == .array, count.contains(json.count) else {
            throw unfit("an array of \(count.lowerBound) to \(count.upperBound) elements")
        }
        return json.elements.enumerated().map { Place($1, path + "[\($0)]") }
    }

    func number(_ range: ClosedRange<Double>) throws(BadInput) -> Double {
        guard let value = json.double, range.contains(value) else {
            throw unfit("a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func integer(_ range: ClosedRange<Int>) throws(BadInput) -> Int {
        guard let value = json.int64, let value = Int(exactly: value), range.contains(value) else {
            throw unfit("a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_: Choice.Type) throws(BadInput) -> Choice
    where Choice.RawValue == String {
        guard let choice = json.string.flatMap(Choice.init(rawValue:)) else {
            throw unfit("one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return choice
    }

    func unknown(_ names: String) -> BadInput { BadInput("\(path) is not known; there are \(names)") }

    func unfit(_ accepted: String) -> BadInput {
        BadInput("\(path): got \(String(json.source.prefix(60))), takes \(accepted)")
    }
}

extension Behaviour {
    /// What is left out stays as it is for a provider that always answers.
    init(_ place: Place) throws(BadInput) {
        for (name, value) in try place.members() {
            switch name {
            case "latencyMs": latency = try Latency(value)
            case "found": found = try value.number(0...1)
            case "notFound": notFound = try value.choice(NotFound.self)
            case "confidence":
                let bounds = try value.elements(2...2)
                let lower = try bounds[0].number(0...1)
                confidence = lower...(try bounds[1].number(lower...1))
            case "faults": faults = try FaultOdds(value)
            case "ratePerSecond":
                rate = RateLimit(try value.integer(1...RateLimit.maximumCount), per: 1) ?? .off
            case "storm": storm = try Storm(value)
            case "fields":
                fields = []
                for element in try value.elements(1...Field.allCases.count) {
                    let field = try element.choice(Field.self)
                    guard !fields.contains(field) else { throw element.unfit("each field once") }
                    fields.append(field)
                }
            case "dripIntervalMs": dripIntervalMs = try value.integer(1...60_000)
            default:
                throw value.unknown(
                    "latencyMs, found, notFound, confidence, faults, ratePerSecond, storm, fields, dripIntervalMs"
                )
            }
        }
    }
}

extension Behaviour.Latency {
    init(_ place: Place) throws(BadInput) {
        self = .none
        for (name, value) in try place.members() {
            switch name {
            case "p50": p50 = try value.number(0...Self.maximumMs)
            case "p99": p99 = try value.number(0...Self.maximumMs)
            default: throw value.unknown("p50, p99")
            }
        }
        p99 = place.json["p99"] == nil ? p50 : p99
        guard p50 <= p99, p50 > 0 || p99 == 0 else {
            throw place.unfit("a p50 that is not above p99, and is 0 only beside a p99 of 0")
        }
    }
}

extension Behaviour.Storm {
    init(_ place: Place) throws(BadInput) {
        self.init(everyCalls: 0, lengthCalls: 0)
        for (name, value) in try place.members() {
            switch name {
            case "everyCalls": everyCalls = try value.integer(1...1_000_000)
            case "lengthCalls": lengthCalls = try value.integer(1...1_000_000)
            default: throw value.unknown("everyCalls, lengthCalls")
            }
        }
        guard lengthCalls > 0, lengthCalls <= everyCalls else {
            throw place.unfit("everyCalls and, no greater, lengthCalls")
        }
    }
}

extension FaultOdds {
    init(_ place: Place) throws(BadInput) {
        self.init()
        for (name, value) in try place.members() {
            guard let fault = Fault(named: name) else {
                throw value.unknown(Fault.allCases.map(\.name).joined(separator: ", "))
            }
            self[fault] = try value.number(0...1)
        }
        // Tenths do not add up to exactly 1.
        guard total <= 1.000_001 else { throw place.unfit("odds of at most 1 together") }
    }
}
