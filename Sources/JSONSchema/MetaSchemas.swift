import JSON

/// The meta-schemas of draft 2020-12, without their titles and defaults. A schema may refer to them.
enum MetaSchemas {
    static let base = "https://json-schema.org/draft/2020-12/"
    static let schema = base + "schema"

    /// The meta-schema that has this URL.
    static func document(_ url: String) -> JSON? {
        guard url.hasPrefix(base), let text = texts[String(url.dropFirst(base.count))] else { return nil }
        return try? JSON.parse(text)
    }

    private static let texts = [
        "schema": head("schema") + #"""
            "$vocabulary":{"https://json-schema.org/draft/2020-12/vocab/core":true,
            "https://json-schema.org/draft/2020-12/vocab/applicator":true,
            "https://json-schema.org/draft/2020-12/vocab/unevaluated":true,
            "https://json-schema.org/draft/2020-12/vocab/validation":true,
            "https://json-schema.org/draft/2020-12/vocab/meta-data":true,
            "https://json-schema.org/draft/2020-12/vocab/format-annotation":true,
            "https://json-schema.org/draft/2020-12/vocab/content":true},
            "allOf":[{"$ref":"meta/core"},{"$ref":"meta/applicator"},{"$ref":"meta/unevaluated"},
            {"$ref":"meta/validation"},{"$ref":"meta/meta-data"},{"$ref":"meta/format-annotation"},
            {"$ref":"meta/content"}],
            "properties":{"definitions":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"}},
            "dependencies":{"type":"object","additionalProperties":{"anyOf":[{"$dynamicRef":"#meta"},
            {"$ref":"meta/validation#/$defs/stringArray"}]}},
            "$recursiveAnchor":{"$ref":"meta/core#/$defs/anchorString"},
            "$recursiveRef":{"$ref":"meta/core#/$defs/uriReferenceString"}}}
            """#,
        "meta/core": head("meta/core") + #"""
            "properties":{"$id":{"$ref":"#/$defs/uriReferenceString","pattern":"^[^#]*#?$"},
            "$schema":{"$ref":"#/$defs/uriString"},"$ref":{"$ref":"#/$defs/uriReferenceString"},
            "$anchor":{"$ref":"#/$defs/anchorString"},"$dynamicRef":{"$ref":"#/$defs/uriReferenceString"},
            "$dynamicAnchor":{"$ref":"#/$defs/anchorString"},
            "$vocabulary":{"type":"object","propertyNames":{"$ref":"#/$defs/uriString"},
            "additionalProperties":{"type":"boolean"}},
            "$comment":{"type":"string"},
            "$defs":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"}}},
            "$defs":{"anchorString":{"type":"string","pattern":"^[A-Za-z_][-A-Za-z0-9._]*$"},
            "uriString":{"type":"string","format":"uri"},
            "uriReferenceString":{"type":"string","format":"uri-reference"}}}
            """#,
        "meta/applicator": head("meta/applicator") + #"""
            "properties":{"prefixItems":{"$ref":"#/$defs/schemaArray"},"items":{"$dynamicRef":"#meta"},
            "contains":{"$dynamicRef":"#meta"},"additionalProperties":{"$dynamicRef":"#meta"},
            "properties":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"}},
            "patternProperties":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"},
            "propertyNames":{"format":"regex"}},
            "dependentSchemas":{"type":"object","additionalProperties":{"$dynamicRef":"#meta"}},
            "propertyNames":{"$dynamicRef":"#meta"},"if":{"$dynamicRef":"#meta"},
            "then":{"$dynamicRef":"#meta"},"else":{"$dynamicRef":"#meta"},
            "allOf":{"$ref":"#/$defs/schemaArray"},"anyOf":{"$ref":"#/$defs/schemaArray"},
            "oneOf":{"$ref":"#/$defs/schemaArray"},"not":{"$dynamicRef":"#meta"}},
            "$defs":{"schemaArray":{"type":"array","minItems":1,"items":{"$dynamicRef":"#meta"}}}}
            """#,
        "meta/unevaluated": head("meta/unevaluated") + #"""
            "properties":{"unevaluatedItems":{"$dynamicRef":"#meta"},
            "unevaluatedProperties":{"$dynamicRef":"#meta"}}}
            """#,
        "meta/validation": head("meta/validation") + #"""
            "properties":{"type":{"anyOf":[{"$ref":"#/$defs/simpleTypes"},{"type":"array",
            "items":{"$ref":"#/$defs/simpleTypes"},"minItems":1,"uniqueItems":true}]},
            "const":true,"enum":{"type":"array","items":true},
            "multipleOf":{"type":"number","exclusiveMinimum":0},"maximum":{"type":"number"},
            "exclusiveMaximum":{"type":"number"},"minimum":{"type":"number"},
            "exclusiveMinimum":{"type":"number"},"maxLength":{"$ref":"#/$defs/nonNegativeInteger"},
            "minLength":{"$ref":"#/$defs/nonNegativeIntegerDefault0"},
            "pattern":{"type":"string","format":"regex"},"maxItems":{"$ref":"#/$defs/nonNegativeInteger"},
            "minItems":{"$ref":"#/$defs/nonNegativeIntegerDefault0"},"uniqueItems":{"type":"boolean"},
            "maxContains":{"$ref":"#/$defs/nonNegativeInteger"},
            "minContains":{"$ref":"#/$defs/nonNegativeInteger"},
            "maxProperties":{"$ref":"#/$defs/nonNegativeInteger"},
            "minProperties":{"$ref":"#/$defs/nonNegativeIntegerDefault0"},
            "required":{"$ref":"#/$defs/stringArray"},
            "dependentRequired":{"type":"object","additionalProperties":{"$ref":"#/$defs/stringArray"}}},
            "$defs":{"nonNegativeInteger":{"type":"integer","minimum":0},
            "nonNegativeIntegerDefault0":{"$ref":"#/$defs/nonNegativeInteger"},
            "simpleTypes":{"enum":["array","boolean","integer","null","number","object","string"]},
            "stringArray":{"type":"array","items":{"type":"string"},"uniqueItems":true}}}
            """#,
        "meta/meta-data": head("meta/meta-data") + #"""
            "properties":{"title":{"type":"string"},"description":{"type":"string"},"default":true,
            "deprecated":{"type":"boolean"},"readOnly":{"type":"boolean"},"writeOnly":{"type":"boolean"},
            "examples":{"type":"array","items":true}}}
            """#,
        "meta/format-annotation": head("meta/format-annotation")
            + #""properties":{"format":{"type":"string"}}}"#,
        "meta/format-assertion": head("meta/format-assertion")
            + #""properties":{"format":{"type":"string"}}}"#,
        "meta/content": head("meta/content") + #"""
            "properties":{"contentEncoding":{"type":"string"},"contentMediaType":{"type":"string"},
            "contentSchema":{"$dynamicRef":"#meta"}}}
            """#,
    ]

    /// What all of them start with.
    private static func head(_ name: String) -> String {
        #"{"$schema":"\#(schema)","$id":"\#(base)\#(name)","$dynamicAnchor":"meta","type":["object","boolean"],"#
    }
}
