import Runtime

/// An object from literal members, without those that are nil.
func object(_ members: KeyValuePairs<String, JSONValue?>) -> JSONObject {
    var object = JSONObject()
    for (key, value) in members { if let value { object[key] = value } }
    return object
}

/// The same as a value.
func value(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue { .object(object(members)) }

extension JSONValue {
    static func int(_ value: Int) -> JSONValue { .integer(Int64(value)) }
    static func text(_ value: String?) -> JSONValue? { value.map(JSONValue.string) }

    /// A member that is there only then. (`condition ? nil : value` would make a JSON null.)
    func when(_ condition: Bool) -> JSONValue? { condition ? .some(self) : .none }

    var members: JSONObject? { if case .object(let object) = self { object } else { nil } }
    var elements: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

    /// Compact JSON text. Values of the double hold no number that JSON cannot write.
    var json: String {
        String(decoding: (try? JSON.encode(self)) ?? Array("null".utf8), as: UTF8.self)  // see above: it cannot fail
    }

    init?(json text: [UInt8]) {
        // Text that is no JSON is an ordinary case here: the caller answers it as the original does.
        guard let value = try? JSON.parse(text).value else { return nil }
        self = value
    }
}

extension JSONObject {
    func text(_ key: String) -> String? { self[key]?.string }

    /// Replaces the members that `other` has; objects are merged member by member.
    mutating func merge(_ other: JSONObject) {
        for member in other {
            if case .object(let new) = member.value, case .object(var old)? = self[member.key] {
                old.merge(new)
                self[member.key] = .object(old)
            } else {
                self[member.key] = member.value
            }
        }
    }
}
