import Runtime

/// The shapes that doors name: of answers, and of bodies that they take.
///
/// A field's name ends with `?` when it may be missing. Types are words of JSON Schema, `time`, names of other shapes,
/// `[…]` for lists, and `…|null`.
enum Schematics {
    static let all: [(String, JSONValue)] = errors + resources + work + people + program + clients + orders

    static func shape(_ fields: KeyValuePairs<String, String>, isClosed: Bool = false) -> JSONValue {
        var properties: JSONObject = [:]
        var required: [JSONValue] = []
        for (field, type) in fields {
            let isOptional = field.hasSuffix("?")
            let name = isOptional ? String(field.dropLast()) : field
            properties[name] = self.type(type)
            if !isOptional { required.append(.string(name)) }
        }
        var shape: JSONObject = ["type": "object", "properties": .object(properties)]
        if !required.isEmpty { shape["required"] = .array(required) }
        if isClosed { shape["additionalProperties"] = false }
        return .object(shape)
    }

    static func type(_ word: String) -> JSONValue {
        if word.hasSuffix("|null") { return ["anyOf": [type(String(word.dropLast(5))), ["type": "null"]]] }
        if word.hasPrefix("[") { return ["type": "array", "items": type(String(word.dropFirst().dropLast()))] }
        switch word {
        case "any": return [:]
        case "time": return ["type": "string", "format": "date-time"]
        case "count": return ["type": "integer", "minimum": 0]
        case "name": return ["type": "string", "minLength": 1]
        case "string", "integer", "number", "boolean", "object": return ["type": .string(word)]
        default: return ["$ref": .string("#/components/schemas/\(word)")]
        }
    }

    private static let errors: [(String, JSONValue)] = [
        (
            "Problem",
            shape([
                "type": "string", "title": "string", "status": "integer", "detail": "string", "kind": "string",
                "hint?": "string", "retryable?": "boolean",
            ])
        ),
        ("SessionError", shape(["error": "string", "hint?": "string", "timestamp": "string"])),
        ("OpenAIError", shape(["error": "OpenAIErrorBody"])),
        (
            "OpenAIErrorBody",
            shape(["message": "string", "type": "string", "param?": "string|null", "code?": "any"])
        ),
    ]
}
