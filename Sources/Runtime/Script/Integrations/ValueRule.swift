import LuaBridge

/// What a value must be, as `host.Setting` declares it: the same rule makes the JSON schema that a model sees, checks
/// what it gives, and fills in what it leaves out.
public indirect enum ValueRule: Sendable, Equatable {
    case text(min: Int?, max: Int?)
    case number(min: Double?, max: Double?, isWhole: Bool)
    case boolean
    case list(ValueField?, min: Int?, max: Int?)
    /// Without fields, any table.
    case table([ValueField])
}

/// A rule with what is said around it.
public struct ValueField: Sendable, Equatable {
    public let name: String
    public let rule: ValueRule
    public let description: String?
    public let isRequired: Bool
    public let fallback: JSONValue?
    public let choices: [JSONValue]

    /// From a checked `host.Setting`. Throws `ShapeFault` for what no table of fields can say: bounds that exclude each
    /// other, a default that breaks the rule.
    init(_ name: String, _ value: LuaValue, at path: String, depth: Int = 0) throws {
        guard depth < 16 else { throw ShapeFault(path, "is nested too deeply") }
        try Shape.record(Contract.setting).check(value, at: path)
        let options = HostOptions(value)
        self.name = name
        rule = try ValueField.rule(options, at: path, depth: depth)
        description = options.text("description")
        isRequired = options.bool("required") ?? false
        if case .array(let values) = options["choices"] { choices = values.map { JSONValue($0) } } else { choices = [] }
        // A bare `nil` would be JSON's null here.
        fallback = options["default"] == .nil ? JSONValue?.none : JSONValue(options["default"])
        for (index, choice) in choices.enumerated() {
            try rule.check(rule.adapted(choice), at: "\(path).choices[\(index + 1)]")
        }
        if let fallback { _ = try checked(fallback, at: "\(path).default") }
    }

    /// Of a table of settings by name, in the order of their names.
    static func fields(_ value: LuaValue, at path: String, depth: Int = 0) throws -> [ValueField] {
        try HostOptions(value).pairs.map { name, value in
            try ValueField(name, value, at: "\(path).\(name)", depth: depth)
        }
    }

    private static func rule(_ options: HostOptions, at path: String, depth: Int) throws -> ValueRule {
        let (least, most) = (options.number("min"), options.number("max"))
        if let least, let most, least > most { throw ShapeFault("\(path).min", "is greater than its max") }
        let (fewest, longest) = (least.map { Int($0) }, most.map { Int($0) })
        switch options.text("type") {
        case "number": return .number(min: least, max: most, isWhole: false)
        case "integer": return .number(min: least, max: most, isWhole: true)
        case "boolean": return .boolean
        case "list":
            let items = options["items"]
            let item = items == .nil ? nil : try ValueField("", items, at: "\(path).items", depth: depth + 1)
            return .list(item, min: fewest, max: longest)
        case "table":
            return .table(try ValueField.fields(options["fields"], at: "\(path).fields", depth: depth + 1))
        default: return .text(min: fewest, max: longest)
        }
    }
}

extension ValueField {
    /// The value with defaults filled in; nil when it is left out and has none.
    func checked(_ value: JSONValue?, at path: String) throws -> JSONValue? {
        // Models write null for what they leave out.
        guard let value, value != .null else {
            if let fallback { return fallback }
            if isRequired { throw ShapeFault(path, "is missing") }
            return nil
        }
        let good = try rule.completed(rule.adapted(value), at: path)
        if !choices.isEmpty, !choices.contains(where: { rule.adapted($0) == good }) {
            let words = choices.map { ValueRule.text(of: $0) }.joined(separator: ", ")
            throw ShapeFault(path, "must be one of \(words), not \(ValueRule.text(of: good))")
        }
        return good
    }
}

extension [ValueField] {
    /// A whole table of values. Unknown names are errors.
    func checked(_ value: JSONValue, at path: String) throws -> JSONObject {
        guard case .object(let given) = value else { throw ShapeFault(path, "must be an object with named values") }
        for member in given where !contains(where: { $0.name == member.key }) {
            let near = NearestName.of(member.key, among: map(\.name)).map { "did you mean '\($0)'?" }
            throw ShapeFault(path.isEmpty ? member.key : "\(path).\(member.key)", "is unknown", hint: near)
        }
        var all = JSONObject()
        for field in self {
            all[field.name] = try field.checked(
                given[field.name], at: path.isEmpty ? field.name : "\(path).\(field.name)")
        }
        return all
    }
}

extension ValueRule {
    /// Whole numbers written with a point are whole numbers, and an empty table from Lua is an empty list.
    func adapted(_ value: JSONValue) -> JSONValue {
        switch (self, value) {
        case (.number(_, _, isWhole: true), .number(let number)): Int64(exactly: number).map { .integer($0) } ?? value
        case (.list, .object(let members)) where members.isEmpty: .array([])
        default: value
        }
    }

    func check(_ value: JSONValue, at path: String) throws { _ = try completed(value, at: path) }

    func completed(_ value: JSONValue, at path: String) throws -> JSONValue {
        switch (self, value) {
        case (.text(let least, let most), .string(let text)):
            try bound(text.unicodeScalars.count, least, most, "characters", path)
            return value
        case (.number(let least, let most, let isWhole), .integer),
            (.number(let least, let most, let isWhole), .number):
            if isWhole, case .number = value { throw ShapeFault(path, "must be a whole number") }
            let number = value.number ?? 0
            if let least, number < least { throw ShapeFault(path, "is \(number.short), less than \(least.short)") }
            if let most, number > most { throw ShapeFault(path, "is \(number.short), more than \(most.short)") }
            return value
        case (.boolean, .bool): return value
        case (.list(let item, let least, let most), .array(let values)):
            try bound(values.count, least, most, "elements", path)
            guard let item else { return value }
            return .array(
                try values.enumerated().map { try item.checked($1, at: "\(path)[\($0 + 1)]") ?? .null })
        case (.table(let fields), .object):
            return fields.isEmpty ? value : .object(try fields.checked(value, at: path))
        default: throw ShapeFault(path, "must be \(words), not \(ValueRule.text(of: value))")
        }
    }

    private func bound(_ count: Int, _ least: Int?, _ most: Int?, _ unit: String, _ path: String) throws {
        if let least, count < least { throw ShapeFault(path, "has \(count) \(unit), at least \(least) are wanted") }
        if let most, count > most { throw ShapeFault(path, "has \(count) \(unit), at most \(most) are taken") }
    }

    private var words: String {
        switch self {
        case .text: "text"
        case .number(_, _, let isWhole): isWhole ? "a whole number" : "a number"
        case .boolean: "true or false"
        case .list: "a list"
        case .table: "an object"
        }
    }

    /// For messages.
    static func text(of value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let text): text.utf8.count <= 60 ? "\"\(text)\"" : "a long text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

extension Double {
    /// Without a point where there is nothing after it.
    fileprivate var short: String { Int64(exactly: self).map { "\($0)" } ?? "\(self)" }
}
