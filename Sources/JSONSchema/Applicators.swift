import JSON

/// Keywords that apply subschemas: to elements and members, and to the value itself.
extension Evaluation {
    mutating func checkItems(_ rules: ItemRules, _ value: JSON, _ evaluated: inout Evaluated?) -> Bool {
        var fits = true
        for (position, element) in value.elements.enumerated() {
            guard let schema = position < rules.prefix.count ? rules.prefix[position] : rules.rest else {
                break
            }
            evaluated?.insert(position)
            if checkElement(schema, element, at: position) { continue }
            fits = false
            if isSilent || isOver { return false }
        }
        return fits
    }

    mutating func checkContains(_ rules: ContainsRules, _ value: JSON, _ evaluated: inout Evaluated?) -> Bool
    {
        var count = 0
        // Whether it is enough to know that enough are there.
        let stopsEarly = evaluated == nil && rules.maximum == nil
        for (position, element) in value.elements.enumerated() {
            if stopsEarly, count >= rules.minimum { break }
            var nothing: Evaluated?
            if fits(rules.schema, element, &nothing) {
                count += 1
                evaluated?.insert(position)
            }
            if isOver { return false }
        }
        if count < rules.minimum {
            return violate(
                "contains",
                "has to have at least \(rules.minimum) elements of the kind that the schema asks for")
        }
        if let maximum = rules.maximum, count > maximum {
            return violate(
                "maxContains",
                "must not have more than \(maximum) elements of the kind that the schema asks for")
        }
        return true
    }

    mutating func checkMembers(_ rules: MemberRules, _ value: JSON, _ evaluated: inout Evaluated?) -> Bool {
        var fits = true
        for (position, (key, member)) in value.members.enumerated() {
            guard spend(1, "properties"), let name = key.string else { return false }
            var isKnown = false
            if let schema = rules.properties[ExactString(name)] {
                isKnown = true
                fits = checkMember(schema, member, under: key) && fits
            }
            for (pattern, schema) in rules.patterns {
                guard let matches = matches(pattern, name, "patternProperties") else { return false }
                guard matches else { continue }
                isKnown = true
                fits = checkMember(schema, member, under: key) && fits
            }
            if !isKnown, let schema = rules.additional {
                isKnown = true
                fits = checkMember(schema, member, under: key) && fits
            }
            if isKnown { evaluated?.insert(position) }
            if isOver || isSilent && !fits { return false }
        }
        return fits
    }

    mutating func checkNames(_ schema: Int, _ value: JSON) -> Bool {
        var fits = true
        for (key, _) in value.members {
            fits = checkName(schema, key) && fits
            if isOver || isSilent && !fits { return false }
        }
        return fits
    }

    mutating func checkDependent(
        _ rules: [(name: String, schema: Int)], _ value: JSON, _ evaluated: inout Evaluated?
    ) -> Bool {
        var fits = true
        for (name, schema) in rules {
            guard let applies = has(name, value, "dependentSchemas") else { return false }
            if applies { fits = check(schema, value, &evaluated) && fits }
        }
        return fits
    }

    mutating func checkAll(_ schemas: [Int], _ value: JSON, _ evaluated: inout Evaluated?) -> Bool {
        var fits = true
        for schema in schemas {
            if check(schema, value, &evaluated) { continue }
            fits = false
            if isSilent || isOver { return false }
        }
        return fits
    }

    mutating func checkAny(_ schemas: [Int], _ value: JSON, _ evaluated: inout Evaluated?) -> Bool {
        var found = false
        for schema in schemas {
            if fits(schema, value, &evaluated) { found = true }
            if isOver { return false }
            // All of them have to be asked only where it matters what they look at.
            if found, evaluated == nil { return true }
        }
        return found
            || violate("anyOf", "has to fit at least one of the \(schemas.count) schemas to choose from")
    }

    mutating func checkOne(_ schemas: [Int], _ value: JSON, _ evaluated: inout Evaluated?) -> Bool {
        var count = 0
        for schema in schemas {
            if fits(schema, value, &evaluated) { count += 1 }
            if isOver { return false }
            if count > 1 { break }
        }
        guard count != 1 else { return true }
        return violate(
            "oneOf",
            "has to fit exactly one of the \(schemas.count) schemas to choose from, and fits "
                + (count == 0 ? "none" : "several"))
    }

    mutating func checkNot(_ schema: Int, _ value: JSON) -> Bool {
        var nothing: Evaluated?
        let isUnwanted = fits(schema, value, &nothing)
        if isOver { return false }
        return !isUnwanted || violate("not", "must not fit the schema that is ruled out")
    }

    mutating func checkCondition(_ condition: Condition, _ value: JSON, _ evaluated: inout Evaluated?) -> Bool
    {
        guard condition.then != nil || condition.otherwise != nil || evaluated != nil else { return true }
        let holds = fits(condition.schema, value, &evaluated)
        if isOver { return false }
        guard let schema = holds ? condition.then : condition.otherwise else { return true }
        return check(schema, value, &evaluated)
    }

    mutating func checkUnevaluatedItems(_ schema: Int, _ value: JSON, _ evaluated: inout Evaluated?) -> Bool {
        var fits = true
        for (position, element) in value.elements.enumerated() where evaluated?.contains(position) != true {
            evaluated?.insert(position)
            if checkElement(schema, element, at: position) { continue }
            fits = false
            if isSilent || isOver { return false }
        }
        return fits
    }

    mutating func checkUnevaluatedMembers(_ schema: Int, _ value: JSON, _ evaluated: inout Evaluated?) -> Bool
    {
        var fits = true
        for (position, (key, member)) in value.members.enumerated()
        where evaluated?.contains(position) != true {
            evaluated?.insert(position)
            if checkMember(schema, member, under: key) { continue }
            fits = false
            if isSilent || isOver { return false }
        }
        return fits
    }
}
