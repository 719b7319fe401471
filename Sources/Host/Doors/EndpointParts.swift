import Runtime

/// The shape of a value, as JSON Schema.
enum Schematic: Sendable {
    case any
    /// One of `Schematics`, by its name.
    case ref(String)
    case value(JSONValue)

    static let text = Schematic.value(["type": "string"])
    static let flag = Schematic.value(["type": "string", "enum": ["", "0", "1", "true", "false"]])
    static let day = Schematic.value([
        "type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$",
        "description": "Also the 29th to the 31st, where the month has them.",
    ])

    static func integer(_ range: ClosedRange<Int64>) -> Schematic {
        .value(["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)])
    }

    static func choice(_ words: [String]) -> Schematic {
        .value(["type": "string", "enum": .array(words.map { .string($0) })])
    }

    /// Some of these words, with commas between them.
    static func words(_ known: [String]) -> Schematic {
        let word = "(\(known.joined(separator: "|")))"
        return .value(["type": "string", "pattern": .string("^(\(word)(,\(word))*)?$")])
    }

    var json: JSONValue {
        switch self {
        case .any: [:]
        case .ref(let name): ["$ref": .string("#/components/schemas/\(name)")]
        case .value(let value): value
        }
    }
}

/// Something that a request says beside its path.
struct EndpointParameter: Sendable {
    enum Place: String, Sendable { case query, header }

    let place: Place
    let name: String
    let schema: Schematic
    let purpose: String
    var isRequired = false

    static func query(_ name: String, _ schema: Schematic, _ purpose: String) -> EndpointParameter {
        EndpointParameter(place: .query, name: name, schema: schema, purpose: purpose)
    }

    /// As browsers send it when they reconnect.
    static let lastEvent = EndpointParameter(
        place: .header, name: "Last-Event-ID", schema: .value(["type": "string", "pattern": "^[0-9]{1,18}$"]),
        purpose: "The same as `after`, as browsers send it.")

    static let limit = query("limit", .integer(1...1000), "How many at most.")
    /// Where lists are counted.
    static let afterNumber = query(
        "after", .integer(0...1_000_000_000), "Goes on behind this: the `next` of the answer before.")
    static let after = query("after", .text, "Goes on behind this: the `next` of the answer before.")
}

/// What is sent with a request.
struct EndpointBody: Sendable {
    let schema: Schematic
    let isRequired: Bool
    var mediaType = "application/json"

    static func required(_ schema: Schematic) -> EndpointBody { EndpointBody(schema: schema, isRequired: true) }
    static func optional(_ schema: Schematic) -> EndpointBody { EndpointBody(schema: schema, isRequired: false) }
}
