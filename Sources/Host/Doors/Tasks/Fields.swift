import Runtime

/// A field of a body that will not do.
struct BadField: Error, Sendable {
    let field: String
    let reason: String
    var kind = Fault.Kind.invalidInput

    var fault: Fault { Fault(kind, "\(field): \(reason)") }
}

/// Reads the fields of a JSON body, each with its type and bounds. What nobody asks for is ignored; null is as good as
/// nothing.
struct Fields {
    let body: JSONView
    /// Stands before the names of fields in what is complained of.
    var path = ""

    init(_ bytes: [UInt8]) throws {
        guard !bytes.isEmpty else { throw BadField(field: "body", reason: "it is empty; send a JSON object") }
        do {
            body = try JSON.parse(bytes)
        } catch {
            throw BadField(field: "body", reason: "it is not JSON: \(Fault(error).message)")
        }
        guard body.kind == .object else { throw BadField(field: "body", reason: "it must be a JSON object") }
    }

    private init(_ body: JSONView, path: String) {
        self.body = body
        self.path = path
    }

    subscript(_ name: String) -> JSONView { body[name] }

    func has(_ name: String) -> Bool { body[name].exists && !body[name].isNull }

    func inner(_ name: String) throws -> Fields? {
        guard has(name) else { return nil }
        guard body[name].kind == .object else { throw bad(name, "it must be an object") }
        return Fields(body[name], path: "\(path)\(name).")
    }

    func text(_ name: String, atMost bytes: Int) throws -> String? {
        guard has(name) else { return nil }
        guard let text = body[name].string else { throw bad(name, "it must be text") }
        guard text.utf8.count <= bytes else {
            throw BadField(field: path + name, reason: "it is longer than \(bytes) bytes", kind: .tooLarge)
        }
        return text
    }

    func required(_ name: String, atMost bytes: Int) throws -> String {
        guard let text = try text(name, atMost: bytes) else { throw bad(name, "it is missing") }
        guard text.contains(where: { !$0.isWhitespace }) else { throw bad(name, "it is empty") }
        return text
    }

    /// What can stand in a path as it is: letters, digits and some marks.
    func word(_ name: String) throws -> String? {
        guard let text = try text(name, atMost: 200) else { return nil }
        guard Fields.isWord(text) else {
            throw bad(name, "it must be 1 to 200 letters, digits, and any of . _ : @ ~ -")
        }
        return text
    }

    static func isWord(_ text: String) -> Bool {
        (1...200).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 48...57, 65...90, 97...122: true
                default: ".-_:@~".utf8.contains(byte)
                }
            } && text != "." && text != ".."
    }

    func integer(_ name: String, _ range: ClosedRange<Int>) throws -> Int? {
        guard has(name) else { return nil }
        guard let number = body[name].integer, range.contains(number) else {
            throw bad(name, "it must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func number(_ name: String, _ range: ClosedRange<Double>) throws -> Double? {
        guard has(name) else { return nil }
        guard let number = body[name].number, range.contains(number) else {
            throw bad(name, "it must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func flag(_ name: String) throws -> Bool? {
        guard has(name) else { return nil }
        guard let flag = body[name].bool else { throw bad(name, "it must be true or false") }
        return flag
    }

    func words(_ name: String, atMost count: Int) throws -> [String]? {
        guard has(name) else { return nil }
        let words = body[name].elements.compactMap(\.string)
        guard body[name].kind == .array, words.count == body[name].count, words.count <= count else {
            throw bad(name, "it must be a list of at most \(count) texts")
        }
        return words
    }

    func bad(_ name: String, _ reason: String) -> BadField { BadField(field: path + name, reason: reason) }
}
