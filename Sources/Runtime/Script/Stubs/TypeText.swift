/// Shapes as types of LuaCATS, the annotations that lua-language-server reads.
enum TypeText {
    static func of(_ shape: Shape) -> String {
        switch shape {
        case .any: "any"
        case .boolean: "boolean"
        case .text, .grammar: "string"
        case .integer: "integer"
        case .number: "number"
        case .duration: "host.Duration"
        case .size: "host.Size"
        case .choice(let words): words.map { "\"\($0)\"" }.joined(separator: "|")
        case .list(let element): "\(grouped(element))[]"
        case .map(let element): "table<string, \(of(element))>"
        case .record(let record): record.name.isEmpty ? inline(record.fields) : record.name
        case .function(let signature): of(signature)
        case .either(let shapes): unique(shapes.map(grouped)).joined(separator: "|")
        case .object(let name): name
        }
    }

    static func of(_ signature: Signature) -> String {
        let parameters = signature.parameters.map { "\(name($0)): \(of($0.shape))" }.joined(separator: ", ")
        guard !signature.results.isEmpty else { return "fun(\(parameters))" }
        return "fun(\(parameters)): " + signature.results.map(result).joined(separator: ", ")
    }

    /// A result's type, which may be nil.
    static func result(_ field: Field) -> String {
        if case .any = field.shape { return "any" }
        return grouped(field.shape) + (field.isRequired ? "" : "?")
    }

    /// With a mark when it may be left out, and none of Lua's own words.
    static func name(_ field: Field) -> String { safe(field.name) + (field.isRequired ? "" : "?") }

    static func safe(_ name: String) -> String { reserved.contains(name) ? "\(name)_" : name }

    private static let reserved: Set<String> = [
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil",
        "not", "or", "repeat", "return", "then", "true", "until", "while",
    ]

    private static func inline(_ fields: [Field]) -> String {
        fields.isEmpty ? "table" : "{ \(fields.map { "\(name($0)): \(of($0.shape))" }.joined(separator: ", ")) }"
    }

    /// In parentheses where what follows would otherwise bind to its last part.
    private static func grouped(_ shape: Shape) -> String {
        let text = of(shape)
        switch shape {
        case .choice(let words) where words.count > 1: return "(\(text))"
        case .either(let shapes) where shapes.count > 1: return "(\(text))"
        case .function: return "(\(text))"
        default: return text
        }
    }

    private static func unique(_ texts: [String]) -> [String] {
        var seen: Set<String> = []
        return texts.filter { seen.insert($0).inserted }
    }
}
