import JSON
import JSONSchema

/// What a manifest looks like, as JSON Schema 2020-12; `rpcd providers schema` prints it, and editors take it.
enum ManifestSchema {
    static let compiled: Result<JSONSchema, ManifestProblem> = {
        do {
            return .success(try JSONSchema(JSON.parse(text), assertsFormat: true))
        } catch {
            return .failure(
                ManifestProblem("", "cannot be checked: the schema of manifests is broken: \(error)"))
        }
    }()

    static let text = #"""
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "$id": "urn:rpcd:provider-manifest",
          "title": "A provider of rpcd",
          "type": "object",
          "required": ["slug", "name", "documentation", "verified", "cost", "input", "request", "answer", "fields", "rate", "timeoutMs"],
          "additionalProperties": false,
          "properties": {
            "$schema": {"type": "string"},
            "slug": {
              "description": "How jobs and credentials name it; the file is called so, too.",
              "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
            },
            "name": {"type": "string", "minLength": 1, "maxLength": 80},
            "documentation": {"description": "Where the provider describes this.", "type": "string", "format": "uri", "pattern": "^https?://"},
            "verified": {"description": "Whether somebody has tried it against the real service.", "type": "boolean"},
            "cost": {
              "description": "Credits for a field that was found: with the operator's key, and with the workspace's own.",
              "type": "object", "required": ["platform"], "additionalProperties": false,
              "properties": {"platform": {"$ref": "#/$defs/credits"}, "own": {"$ref": "#/$defs/credits", "default": 0}}
            },
            "input": {
              "description": "What it has to know of a record.",
              "type": "object", "required": ["schema"], "additionalProperties": false,
              "properties": {
                "schema": {
                  "description": "JSON Schema of the record's fields once normalised; only those among its properties are looked at.",
                  "type": "object", "required": ["properties"],
                  "properties": {"type": {"const": "object"}, "properties": {"type": "object", "minProperties": 1, "maxProperties": 50}}
                },
                "normalise": {
                  "description": "How a field is made the same, step by step; trim where nothing is said.",
                  "type": "object",
                  "additionalProperties": {
                    "type": "array", "maxItems": 8,
                    "items": {"enum": ["trim", "squeeze", "lower", "upper", "domain", "phone"]}
                  }
                }
              }
            },
            "request": {
              "type": "object", "required": ["method", "url"], "additionalProperties": false,
              "properties": {
                "method": {"enum": ["GET", "POST", "PUT"]},
                "url": {"description": "Without query; {field} only in the path.", "type": "string", "maxLength": 2048},
                "query": {"$ref": "#/$defs/texts"},
                "headers": {"$ref": "#/$defs/texts"},
                "body": {"description": "JSON with {field} in its strings."},
                "idempotencyHeader": {
                  "description": "The header by which the service knows a repeated call, as Idempotency-Key.",
                  "type": "string", "minLength": 1, "maxLength": 64
                }
              }
            },
            "answer": {
              "description": "JSON Schema of every answer of status 2xx that is no error, those that found nothing among them.",
              "type": ["object", "boolean"]
            },
            "errorAt": {
              "description": "Where an answer of status 2xx tells of an error, unless it is absent, null or empty.",
              "$ref": "#/$defs/pointer"
            },
            "notFound": {
              "description": "How it says that it knows nothing: by status, or by a place that is absent, null or empty.",
              "type": "object", "additionalProperties": false,
              "properties": {
                "statuses": {"$ref": "#/$defs/statuses"},
                "emptyAt": {"type": "array", "maxItems": 10, "items": {"$ref": "#/$defs/pointer"}}
              }
            },
            "fields": {
              "description": "What it can give.",
              "type": "object", "minProperties": 1, "maxProperties": 50,
              "propertyNames": {"pattern": "^[A-Za-z0-9_]{1,64}$"},
              "additionalProperties": {
                "type": "object", "required": ["from", "schema"], "additionalProperties": false,
                "properties": {
                  "from": {"description": "Where it is in the answer.", "$ref": "#/$defs/pointer"},
                  "schema": {"description": "JSON Schema of a value worth having; any other is passed over.", "type": ["object", "boolean"]},
                  "transform": {"type": "array", "maxItems": 4, "items": {"enum": ["trim", "squeeze", "lower", "upper", "domain", "phone"]}},
                  "confidence": {
                    "description": "0 to 1; or where the answer says it, and what it is out of.",
                    "anyOf": [
                      {"type": "number", "minimum": 0, "maximum": 1},
                      {
                        "type": "object", "required": ["from"], "additionalProperties": false,
                        "properties": {
                          "from": {"$ref": "#/$defs/pointer"},
                          "scale": {"type": "number", "exclusiveMinimum": 0, "default": 1},
                          "otherwise": {"type": "number", "minimum": 0, "maximum": 1, "default": 0}
                        }
                      }
                    ],
                    "default": 1
                  }
                }
              }
            },
            "rate": {
              "description": "What it takes of each key.",
              "type": "object", "required": ["concurrency"], "additionalProperties": false,
              "properties": {
                "limit": {"description": "As 10/s, 100/min, or off.", "type": "string", "default": "off"},
                "concurrency": {"type": "integer", "minimum": 1, "maximum": 1000}
              }
            },
            "timeoutMs": {"description": "For one call.", "type": "integer", "minimum": 100, "maximum": 120000},
            "retryableStatuses": {"$ref": "#/$defs/statuses", "default": [408, 429, 500, 502, 503, 504]},
            "throttledStatuses": {
              "description": "By which it says that it is asked too often.", "$ref": "#/$defs/statuses", "default": [429]
            }
          },
          "$defs": {
            "credits": {"type": "integer", "minimum": 0, "maximum": 1000000},
            "pointer": {"type": "string", "maxLength": 256},
            "statuses": {
              "type": "array", "maxItems": 50, "uniqueItems": true, "items": {"type": "integer", "minimum": 300, "maximum": 599}
            },
            "texts": {"type": "object", "maxProperties": 50, "additionalProperties": {"type": "string", "maxLength": 2048}}
          }
        }
        """# + "\n"
}
