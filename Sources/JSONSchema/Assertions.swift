import JSON

extension Types {
    /// What a value of that kind may be called; a number may be an integer besides.
    init(_ kind: JSON.Kind) {
        switch kind {
        case .null: self = .null
        case .bool: self = .boolean
        case .number: self = .number
        case .string: self = .string
        case .array: self = .array
        case .object: self = .object
        }
    }
}

/// Keywords that look at the value itself.
extension Evaluation {
    mutating func checkType(_ types: Types, _ value: JSON) -> Bool {
        if types.contains(Types(value.kind)) { return true }
        if value.kind == .number, types.contains(.integer) {
            // Most integers are short and written plainly.
            if value.int64 != nil { return true }
            guard spend(value.sourceBytes.count / 16, "type") else { return false }
            if let number = Decimal(value), number.isInteger { return true }
        }
        return violate("type", "has to be \(types.sentence)")
    }

    mutating func checkChoices(_ choices: Choices, _ value: JSON) -> Bool {
        guard choices.types.contains(Types(value.kind)) else {
            return violate(choices.keyword, choices.sentence)
        }
        guard let form = canonical(value, choices.keyword) else { return false }
        return choices.values.contains(form) || violate(choices.keyword, choices.sentence)
    }

    /// `nil` when the check is over.
    private mutating func canonical(_ value: JSON, _ keyword: String) -> Canonical? {
        guard spend(value.sourceBytes.count / 16, keyword) else { return nil }
        guard let form = Canonical(value, depth: JSONSchema.Limits.depth) else {
            _ = stop(keyword, "is nested more than \(JSONSchema.Limits.depth) levels deep")
            return nil
        }
        return form
    }

    mutating func checkNumber(_ rules: NumberRules, _ value: JSON) -> Bool {
        guard spend(value.sourceBytes.count / 16, ""), let number = Decimal(value) else { return false }
        var fits = true
        if let bound = rules.minimum, number < bound.value {
            fits = violate("minimum", "has to be at least \(bound.source)")
        }
        if let bound = rules.maximum, number > bound.value {
            fits = violate("maximum", "has to be at most \(bound.source)")
        }
        if let bound = rules.exclusiveMinimum, number <= bound.value {
            fits = violate("exclusiveMinimum", "has to be above \(bound.source)")
        }
        if let bound = rules.exclusiveMaximum, number >= bound.value {
            fits = violate("exclusiveMaximum", "has to be below \(bound.source)")
        }
        if let (divisor, source) = rules.multipleOf, !divisor.divides(number) {
            fits = violate("multipleOf", "has to be a multiple of \(source)")
        }
        return fits
    }

    mutating func checkText(_ rules: TextRules, _ value: JSON) -> Bool {
        guard spend(value.sourceBytes.count / 16, ""), var text = value.string else { return false }
        var fits = true
        if rules.minimumLength > 0 || rules.maximumLength != nil {
            // Code points: the bytes that do not continue one.
            let length = text.withUTF8 { $0.reduce(0) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 } }
            if length < rules.minimumLength {
                fits = violate("minLength", "has to be at least \(rules.minimumLength) characters long")
            }
            if let maximum = rules.maximumLength, length > maximum {
                fits = violate("maxLength", "has to be at most \(maximum) characters long")
            }
        }
        if let format = rules.format, !format.accepts(text) {
            fits = violate("format", "has to be \(format.description)")
        }
        // Not for a text that is too long anyway.
        if fits, let pattern = rules.pattern {
            guard let matches = matches(pattern, text, "pattern") else { return false }
            if !matches { fits = violate("pattern", "has to match \(pattern.sentence)") }
        }
        return fits
    }

    mutating func checkArray(_ rules: ArrayRules, _ value: JSON) -> Bool {
        var fits = true
        if value.count < rules.minimumCount {
            fits = violate("minItems", "has to have at least \(rules.minimumCount) elements")
        }
        if let maximum = rules.maximumCount, value.count > maximum {
            fits = violate("maxItems", "has to have at most \(maximum) elements")
        }
        return rules.isUnique ? checkUnique(value) && fits : fits
    }

    private mutating func checkUnique(_ value: JSON) -> Bool {
        guard value.count > 1 else { return true }
        var earlier = Set<Canonical>(minimumCapacity: value.count)
        for element in value.elements {
            guard let form = canonical(element, "uniqueItems"), spend(1, "uniqueItems") else { return false }
            guard earlier.insert(form).inserted else {
                return violate("uniqueItems", "must not have two equal elements")
            }
        }
        return true
    }

    mutating func checkObject(_ rules: ObjectRules, _ value: JSON) -> Bool {
        var fits = true
        if value.count < rules.minimumCount {
            fits = violate("minProperties", "has to have at least \(rules.minimumCount) members")
        }
        if let maximum = rules.maximumCount, value.count > maximum {
            fits = violate("maxProperties", "has to have at most \(maximum) members")
        }
        return fits
    }

    mutating func checkRequired(_ names: [String], _ value: JSON) -> Bool {
        var fits = true
        for name in names {
            guard let isThere = has(name, value, "required") else { return false }
            if !isThere { fits = violate("required", "is required", at: name) }
        }
        return fits
    }

    mutating func checkDependent(_ rules: [(name: String, required: [String])], _ value: JSON) -> Bool {
        var fits = true
        for (name, required) in rules {
            guard let applies = has(name, value, "dependentRequired") else { return false }
            guard applies else { continue }
            for name in required {
                guard let isThere = has(name, value, "dependentRequired") else { return false }
                if !isThere { fits = violate("dependentRequired", "is required", at: name) }
            }
        }
        return fits
    }

    /// Whether an object has a member of that name; `nil` when the check is over.
    mutating func has(_ name: String, _ value: JSON, _ keyword: String) -> Bool? {
        guard spend(1 + value.count / 8, keyword) else { return nil }
        return value[name] != nil
    }
}
