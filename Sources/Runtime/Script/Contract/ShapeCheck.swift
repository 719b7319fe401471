public import LuaBridge

/// What is wrong with a value, and where in it.
public struct ShapeFault: Error, Sendable, Equatable {
    /// Such as `schedule` or `tools.forecast.input[2]`; empty for the value itself.
    public let field: String
    /// Completes the field's name: "must be a number, not a string".
    public let message: String
    public let hint: String?

    public init(_ field: String, _ message: String, hint: String? = nil) {
        self.field = field
        self.message = message
        self.hint = hint
    }

    /// "field 'schedule' must be text, not a number"
    public func text(of subject: String) -> String {
        let place = field.isEmpty ? subject : "\(subject): field '\(field)'"
        return "\(place) \(message)" + (hint.map { "; \($0)" } ?? "")
    }
}

extension Shape {
    /// Throws the first `ShapeFault`.
    public func check(_ value: LuaValue) throws { try check(value, at: "") }

    /// The path is put together only for a complaint.
    func check(_ value: LuaValue, at path: @autoclosure () -> String) throws {
        switch self {
        case .any: return
        case .boolean: try expect(value.bool != nil, value, path())
        case .text(let limit):
            try expect(value.isText, value, path())
            if let text = value.string, text.utf8.count > limit {
                throw ShapeFault(path(), "is \(text.utf8.count) bytes long, at most \(limit) are taken")
            }
        case .integer(let range):
            guard let number = value.integer else { throw mismatch(value, path()) }
            if !range.contains(number) { throw ShapeFault(path(), "is \(number); \(Shape.describe(range))") }
        case .number(let range):
            guard let number = value.number else { throw mismatch(value, path()) }
            if !range.contains(number) { throw ShapeFault(path(), "is \(number); \(Shape.describe(range))") }
        case .duration: try expect(value.duration != nil, value, path())
        case .size: try expect(value.size != nil, value, path())
        case .choice(let words): try check(value, among: words, at: path())
        case .list(let element): try check(value, list: element, at: path())
        case .map(let element): try check(value, map: element, at: path())
        case .record(let record): try check(value, record: record, at: path())
        case .function: try expect(value.isFunction, value, path())
        case .either(let shapes):
            var first: ShapeFault?
            for shape in shapes {
                do {
                    return try shape.check(value, at: path())
                } catch let fault as ShapeFault {
                    // The deepest complaint is about the alternative that was meant.
                    if first == nil || fault.field.utf8.count > first!.field.utf8.count { first = fault }
                }
            }
            throw first!.field == path() ? mismatch(value, path()) : first!
        case .object(let name):
            guard case .object(let object) = value, object.type.name == name else { throw mismatch(value, path()) }
        case .grammar(_, let check):
            guard let text = value.string, value.isText else { throw mismatch(value, path()) }
            if let complaint = check(text) { throw ShapeFault(path(), "is wrong: \(complaint)") }
        }
    }

    /// In words, as in "must be …".
    public var words: String {
        switch self {
        case .any: "anything"
        case .boolean: "true or false"
        case .text: "text"
        case .integer: "a whole number"
        case .number: "a number"
        case .duration: "a duration such as \"15m\", or a number of seconds"
        case .size: "a size such as \"10MB\", or a number of bytes"
        case .choice(let words): "one of " + words.map { "\"\($0)\"" }.joined(separator: ", ")
        case .list: "a list"
        case .map, .record: "a table"
        case .function: "a function"
        case .either(let shapes): shapes.map(\.words).joined(separator: " or ")
        case .object(let name): "a \(name)"
        case .grammar(let name, _): name
        }
    }

    private func expect(_ holds: Bool, _ value: LuaValue, _ path: @autoclosure () -> String) throws {
        if !holds { throw mismatch(value, path()) }
    }

    private func mismatch(_ value: LuaValue, _ path: String) -> ShapeFault {
        ShapeFault(path, "must be \(words), not \(value.inWords)")
    }

    private func check(_ value: LuaValue, among words: [String], at path: @autoclosure () -> String) throws {
        guard value.isText, let word = value.string else { throw mismatch(value, path()) }
        guard !words.contains(word) else { return }
        let near = NearestName.of(word, among: words).map { "did you mean \"\($0)\"?" }
        throw ShapeFault(path(), "is \"\(word)\", not \(self.words)", hint: near)
    }

    private func check(_ value: LuaValue, list element: Shape, at path: @autoclosure () -> String) throws {
        switch value {
        case .array(let values):
            for (index, value) in values.enumerated() { try element.check(value, at: "\(path())[\(index + 1)]") }
        case .table(let fields) where fields.isEmpty: return
        default: throw mismatch(value, path())
        }
    }

    private func check(_ value: LuaValue, map element: Shape, at path: @autoclosure () -> String) throws {
        switch value {
        case .array(let values) where values.isEmpty: return
        case .table(let fields):
            for (key, value) in fields.inOrder {
                guard case .string(let name) = key else {
                    throw ShapeFault(path(), "must have names as keys, not the number \(key.text)")
                }
                try element.check(value, at: path().field(name))
            }
        default: throw mismatch(value, path())
        }
    }

    private func check(_ value: LuaValue, record: Record, at path: @autoclosure () -> String) throws {
        let fields: [LuaKey: LuaValue]
        switch value {
        case .table(let known): fields = known
        case .array(let values) where values.isEmpty: fields = [:]
        case .array: throw ShapeFault(path(), "must be a table with named fields, not a list")
        default: throw mismatch(value, path())
        }
        var known = 0
        do {
            for field in record.fields {
                let value = fields[field.key] ?? .nil
                if case .nil = value {
                    if field.isRequired { throw ShapeFault(path().field(field.name), "is missing") }
                } else {
                    known += 1
                    try field.shape.check(value, at: path().field(field.name))
                }
            }
        } catch {
            // A slip of the pen is told first: it is why something else is missing.
            throw record.isOpen ? error : unknownField(fields, record, path()) ?? error
        }
        if !record.isOpen, known < fields.count, let fault = unknownField(fields, record, path()) { throw fault }
    }

    private func unknownField(_ fields: [LuaKey: LuaValue], _ record: Record, _ path: String) -> ShapeFault? {
        let isUnknown = { (key: LuaKey) in !record.fields.contains { $0.key == key } }
        guard let key = fields.inOrder.map(\.key).first(where: isUnknown) else { return nil }
        let near = NearestName.of(key.text, among: record.fields.map(\.name)).map { "did you mean '\($0)'?" }
        return ShapeFault(
            path.field(key.text), "is unknown",
            hint: near ?? "known are \(record.fields.map(\.name).joined(separator: ", "))")
    }

    private static func describe<Bound>(_ range: ClosedRange<Bound>) -> String where Bound: Comparable {
        "it must be from \(range.lowerBound) to \(range.upperBound)"
    }
}

extension LuaValue {
    var isText: Bool {
        switch self {
        case .string, .bytes: true
        default: false
        }
    }

    var isFunction: Bool {
        switch self {
        case .function, .host: true
        default: false
        }
    }

    /// A duration in either of its forms.
    public var duration: Duration? {
        if case .string(let text) = self { return Units.duration(text) }
        guard let seconds = number, seconds >= 0, seconds < 4e9 else { return nil }
        return .seconds(seconds)
    }

    /// Bytes in either of its forms.
    public var size: Int? {
        if case .string(let text) = self { return Units.bytes(text) }
        return integer.flatMap { $0 >= 0 ? Int(exactly: $0) : nil }
    }

    /// The type for people, and short texts themselves.
    var inWords: String {
        switch self {
        case .nil: "nothing"
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): "the number \(value)"
        case .number(let value): "the number \(value)"
        case .string(let text) where text.utf8.count <= 40: "\"\(text)\""
        case .string, .bytes: "a string"
        case .array(let values) where !values.isEmpty: "a list"
        default: "a \(typeName)"
        }
    }
}

extension LuaKey {
    var text: String {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        }
    }
}

extension [LuaKey: LuaValue] {
    /// The same complaint for the same table, every time.
    var inOrder: [(key: LuaKey, value: LuaValue)] { sorted { $0.key.text < $1.key.text } }
}

extension String {
    fileprivate func field(_ name: String) -> String { isEmpty ? name : "\(self).\(name)" }
}
