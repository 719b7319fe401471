/// Lets `local x = 1`, typed at a prompt, last longer than its line.
///
/// A chunk's locals end with it, so the `local` of statements at the outermost level is taken out before the chunk is
/// compiled: the names become fields of the session's environment, as assignments without `local` are. Line numbers
/// stay as they are. `local x <close>` stays a local, because its end is what it is for.
struct SessionLocals {
    private var tokens: [LuaToken]
    private var text: [UInt8]
    /// Goes behind the byte at that place.
    private var insertions: [(place: Int, text: String)] = []

    /// The same statements with their outermost locals as session variables.
    static func rewriting(_ code: String) -> String {
        var rewriter = SessionLocals(code)
        rewriter.rewrite()
        return rewriter.result
    }

    private init(_ code: String) {
        text = Array(code.utf8)
        tokens = LuaToken.all(in: text)
    }

    private mutating func rewrite() {
        var depth = 0
        var index = 0
        while index < tokens.count {
            switch word(index) {
            case "function", "do", "if", "repeat": depth += 1
            case "end", "until": depth = max(0, depth - 1)
            case "local" where depth == 0: free(index)
            default: break
            }
            index += 1
        }
    }

    private mutating func free(_ start: Int) {
        if word(start + 1) == "function" { return blankLocal(start) }
        var attributes: [Range<Int>] = []
        var index = start + 1
        var last = index
        while index < tokens.count, tokens[index].kind == .name {
            last = index
            index += 1
            if word(index) == "<", word(index + 2) == ">" {
                if word(index + 1) == "close" { return }
                attributes.append(tokens[index].range.lowerBound..<tokens[index + 2].range.upperBound)
                index += 3
            }
            guard word(index) == "," else { break }
            index += 1
        }
        // Anything else is no statement of Lua, and the compiler says so best.
        guard last < tokens.count, tokens[last].kind == .name else { return }
        blankLocal(start)
        for range in attributes { for place in range { text[place] = UInt8(ascii: " ") } }
        if word(index) != "=" { insertions.append((tokens[last].range.upperBound, " = nil")) }
    }

    /// A semicolon keeps what stands before from reaching over to what comes behind.
    private mutating func blankLocal(_ index: Int) {
        let start = tokens[index].range.lowerBound
        for (offset, byte) in ";    ".utf8.enumerated() { text[start + offset] = byte }
    }

    private func word(_ index: Int) -> String {
        guard tokens.indices.contains(index), tokens[index].kind != .literal else { return "" }
        return String(decoding: text[tokens[index].range], as: UTF8.self)
    }

    private var result: String {
        var bytes = text
        for insertion in insertions.reversed() { bytes.insert(contentsOf: insertion.text.utf8, at: insertion.place) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A word, sign or literal of Lua, as far as finding statements needs it.
struct LuaToken: Equatable {
    enum Kind { case name, keyword, sign, literal }

    let kind: Kind
    let range: Range<Int>

    static func all(in text: [UInt8]) -> [LuaToken] {
        var scanner = LuaScanner(text)
        var tokens: [LuaToken] = []
        while let token = scanner.next() { tokens.append(token) }
        return tokens
    }

    static let keywords: Set<String> = [
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil",
        "not", "or", "repeat", "return", "then", "true", "until", "while",
    ]
}

/// Cuts Lua into tokens. What is unfinished reaches to the end; the compiler complains about it.
private struct LuaScanner {
    private let text: [UInt8]
    private var place = 0

    init(_ text: [UInt8]) { self.text = text }

    mutating func next() -> LuaToken? {
        skipBlanks()
        guard place < text.count else { return nil }
        let start = place
        let byte = text[place]
        if byte.isNameByte, !byte.isDigit {
            while place < text.count, text[place].isNameByte { place += 1 }
            let word = String(decoding: text[start..<place], as: UTF8.self)
            return LuaToken(kind: LuaToken.keywords.contains(word) ? .keyword : .name, range: start..<place)
        }
        if byte.isDigit {
            while place < text.count, text[place].isNameByte || text[place] == UInt8(ascii: ".") { place += 1 }
            return LuaToken(kind: .literal, range: start..<place)
        }
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
            skipQuoted(byte)
            return LuaToken(kind: .literal, range: start..<place)
        }
        if let level = longBracket() {
            skipLong(level)
            return LuaToken(kind: .literal, range: start..<place)
        }
        place += 1
        // So that `==` is not taken for the `=` of a declaration.
        if byte == UInt8(ascii: "="), place < text.count, text[place] == byte { place += 1 }
        return LuaToken(kind: .sign, range: start..<place)
    }

    private mutating func skipBlanks() {
        while place < text.count {
            if [32, 9, 10, 11, 12, 13].contains(text[place]) {
                place += 1
            } else if text[place...].starts(with: "--".utf8) {
                place += 2
                if let level = longBracket() {
                    skipLong(level)
                } else {
                    while place < text.count, text[place] != 10 { place += 1 }
                }
            } else {
                return
            }
        }
    }

    private mutating func skipQuoted(_ quote: UInt8) {
        place += 1
        while place < text.count, text[place] != quote, text[place] != 10 {
            place += text[place] == UInt8(ascii: "\\") ? 2 : 1
        }
        place = min(place + 1, text.count)
    }

    /// How many signs of equality stand between the brackets that open here, if they do.
    private func longBracket() -> Int? {
        guard text[place...].first == UInt8(ascii: "[") else { return nil }
        var at = place + 1
        while at < text.count, text[at] == UInt8(ascii: "=") { at += 1 }
        return at < text.count && text[at] == UInt8(ascii: "[") ? at - place - 1 : nil
    }

    private mutating func skipLong(_ level: Int) {
        let close = [UInt8(ascii: "]")] + [UInt8](repeating: UInt8(ascii: "="), count: level) + [UInt8(ascii: "]")]
        place += level + 2
        while place < text.count, !text[place...].starts(with: close) { place += 1 }
        place = min(place + close.count, text.count)
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { 48...57 ~= self }
    fileprivate var isNameByte: Bool { isDigit || 65...90 ~= self || 97...122 ~= self || self == 95 }
}
