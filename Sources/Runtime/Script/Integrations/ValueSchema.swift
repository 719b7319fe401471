extension [ValueField] {
    /// A JSON schema of an object with these members and no others.
    var schema: JSONObject {
        var schema: JSONObject = ["type": "object"]
        schema["properties"] = .object(JSONObject(map { ($0.name, .object($0.schema)) }))
        let required = filter { $0.isRequired && $0.fallback == nil }.map { JSONValue.string($0.name) }
        if !required.isEmpty { schema["required"] = .array(required) }
        schema["additionalProperties"] = false
        return schema
    }
}

extension ValueField {
    var schema: JSONObject {
        var schema = rule.schema
        if let description { schema["description"] = .string(description) }
        if !choices.isEmpty { schema["enum"] = .array(choices) }
        if let fallback { schema["default"] = fallback }
        return schema
    }
}

extension ValueRule {
    fileprivate var schema: JSONObject {
        var schema = JSONObject()
        func put(_ name: String, _ count: Int?) { schema[name] = count.map { .integer(Int64($0)) } }
        switch self {
        case .text(let least, let most):
            schema["type"] = "string"
            put("minLength", least)
            put("maxLength", most)
        case .number(let least, let most, let isWhole):
            schema["type"] = isWhole ? "integer" : "number"
            schema["minimum"] = least.map(ValueRule.number)
            schema["maximum"] = most.map(ValueRule.number)
        case .boolean: schema["type"] = "boolean"
        case .list(let item, let least, let most):
            schema["type"] = "array"
            schema["items"] = .object(item?.schema ?? [:])
            put("minItems", least)
            put("maxItems", most)
        case .table(let fields):
            if fields.isEmpty { schema["type"] = "object" } else { schema = fields.schema }
        }
        return schema
    }

    private static func number(_ value: Double) -> JSONValue {
        Int64(exactly: value).map { .integer($0) } ?? .number(value)
    }
}
