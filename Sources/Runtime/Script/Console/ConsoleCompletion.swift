import LuaBridge

/// One way to go on with what has been typed.
public struct ConsoleCandidate: Sendable, Equatable {
    /// In the place of the unfinished name at the end.
    public let text: String
    /// One line about it; may be empty.
    public let summary: String

    public init(_ text: String, _ summary: String = "") {
        self.text = text
        self.summary = summary
    }
}

/// What stands at the end of a line: a path such as `host.http`, and the beginning of the name that follows.
struct ConsoleCompletion: Equatable {
    let path: [String]
    let beginning: String
    /// After `:` only what can be called as a method makes sense.
    let isMethod: Bool

    static let most = 100

    init(_ text: String) {
        let bytes = Array(text.utf8)
        var end = bytes.count
        func nameBefore() -> String {
            var start = end
            while start > 0, bytes[start - 1].isWordByte { start -= 1 }
            defer { end = start }
            return String(decoding: bytes[start..<end], as: UTF8.self)
        }
        beginning = nameBefore()
        var path: [String] = []
        isMethod = end > 0 && bytes[end - 1] == UInt8(ascii: ":")
        while end > 0, bytes[end - 1] == UInt8(ascii: ".") || bytes[end - 1] == UInt8(ascii: ":") {
            end -= 1
            let name = nameBefore()
            // What is no plain path, such as the result of a call, is not evaluated for a completion.
            guard !name.isEmpty, name.utf8.first.map({ !(48...57 ~= $0) }) == true else {
                path = []
                break
            }
            path.insert(name, at: 0)
        }
        self.path = path
        isPlain = path.isEmpty ? end == bytes.count - beginning.utf8.count : true
    }

    private let isPlain: Bool

    /// `members` gives what the Lua side knows: a list of tables, and the value itself when it is an object.
    @Loop
    func candidates(_ table: HostTable, _ members: ([String]) throws -> [LuaValue]) throws -> [ConsoleCandidate] {
        guard isPlain else { return [] }
        let answer = try members(path)
        var found: [ConsoleCandidate] = []
        if case .array(let entries)? = answer.first {
            found = entries.compactMap { entry in
                guard let name = entry["name"]?.string, let kind = entry["kind"]?.string else { return nil }
                if isMethod, kind != "function" { return nil }
                let known = entry["known"]?.string
                return ConsoleCandidate(name, known.flatMap { ConsoleCompletion.summary($0, table) } ?? kind)
            }
        }
        if answer.count > 1, case .object(let object) = answer[1] {
            let type = table.modules.flatMap(\.classes).first { $0.name == object.type.name }
            found += (type?.methods ?? []).map { ConsoleCandidate($0.name, $0.line) }
        }
        if path.isEmpty { found += LuaToken.keywords.map { ConsoleCandidate($0, "keyword") } }
        return Array(
            found.filter { $0.text.hasPrefix(beginning) }.sorted { $0.text < $1.text }.prefix(ConsoleCompletion.most))
    }

    @Loop
    private static func summary(_ name: String, _ table: HostTable) -> String? {
        let words = name.split(separator: ".").map(String.init)
        guard words.first == "host" else { return nil }
        if words.count == 1 { return table.module("")?.summary }
        if let module = table.module(words[1]) {
            return words.count == 2 ? module.summary : module.functions.first { $0.name == words[2] }?.line
        }
        return table.module("")?.functions.first { $0.name == words[1] }?.line
    }
}

extension HostFunction {
    /// "get(url, options?): asks for a page"
    var line: String {
        let list = parameters.map { $0.isRequired ? $0.name : "\($0.name)?" }.joined(separator: ", ")
        return "\(name)(\(list)): \(summary)"
    }
}

extension UInt8 {
    fileprivate var isWordByte: Bool {
        48...57 ~= self || 65...90 ~= self || 97...122 ~= self || self == UInt8(ascii: "_")
    }
}
